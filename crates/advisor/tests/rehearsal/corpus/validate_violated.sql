-- expect: fails: 1 rows do not meet the check
alter table accounts add constraint accounts_visits check (visits >= 0) not valid;
alter table accounts validate constraint accounts_visits;
