-- expect: nothing
create type channel as enum ('web', 'store'); alter table invoices add column channel channel not null default 'store';
