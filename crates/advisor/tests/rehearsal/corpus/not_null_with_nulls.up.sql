-- expect: fails: 20 rows have no value in note
alter table accounts alter column note set not null;
