-- expect: safe
alter table settings enable row level security;
create policy everything on settings using (true);
