-- expect: dangerous: a statement that ran before fails now
alter table accounts drop column empty;
