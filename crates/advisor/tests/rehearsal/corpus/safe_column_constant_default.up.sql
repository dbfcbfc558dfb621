-- expect: safe
alter table accounts add column is_vip boolean not null default false;
