-- expect: nothing
alter table accounts set (autovacuum_enabled = off);
alter table public.accounts reset (autovacuum_enabled);
