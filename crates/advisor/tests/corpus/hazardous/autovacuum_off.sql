-- expect: autovacuum-disabled
alter table accounts set (autovacuum_enabled = off, toast.autovacuum_enabled = off);
