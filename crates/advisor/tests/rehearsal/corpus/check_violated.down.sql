alter table accounts drop constraint accounts_visits;
