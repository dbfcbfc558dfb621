-- expect: nothing
create domain email_address as text check (value like '%@%');
create table contacts (
  tenant_id uuid not null,
  id bigint not null,
  email email_address not null,
  primary key (tenant_id, id)
);
alter table contacts enable row level security, force row level security;
create policy isolation on contacts using (tenant_id = current_setting('app.tenant')::uuid);
