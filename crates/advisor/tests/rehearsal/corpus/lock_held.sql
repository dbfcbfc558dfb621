-- expect: dangerous: is held for
begin;
lock table settings in access exclusive mode;
select pg_sleep(1.2);
commit;
