-- expect: safe
alter table accounts alter column name drop not null;
