comment on column accounts.note is null;
alter table accounts alter column note drop default;
