-- expect: membership-lifts-isolation
grant select, insert on accounts to app;
alter table accounts owner to app;
