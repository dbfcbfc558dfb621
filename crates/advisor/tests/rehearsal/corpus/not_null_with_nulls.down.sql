alter table accounts alter column note drop not null;
