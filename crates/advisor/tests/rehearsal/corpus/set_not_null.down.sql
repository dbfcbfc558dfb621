alter table accounts alter column phone drop not null;
