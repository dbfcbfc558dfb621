-- expect: membership-lifts-isolation
create role shop_owner nologin role app;
