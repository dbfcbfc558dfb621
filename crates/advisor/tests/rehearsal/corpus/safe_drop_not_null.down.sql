alter table accounts add constraint name_set check (name is not null) not valid;
alter table accounts alter column name set not null;
alter table accounts drop constraint name_set;
