-- expect: membership-lifts-isolation
grant select on accounts to app;
reassign owned by shop_owner to app;
