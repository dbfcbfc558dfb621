-- expect: fails: would have no value in the new column kind
alter table settings add column kind text not null;
