-- expect: fails: 1 rows do not meet the check
alter table accounts add constraint accounts_visits check (visits >= 0);
