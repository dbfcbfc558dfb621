-- expect: column-with-volatile-default
create function new_code() returns text language sql volatile as 'select md5(random()::text)';
alter table accounts add column code text default new_code();
