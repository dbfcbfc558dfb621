drop policy everything on settings;
alter table settings disable row level security;
