-- expect: dangerous: a statement that ran before fails now
create schema archive;
alter table settings set schema archive;
