-- expect: membership-lifts-isolation
CREATE ROLE shop_owner NOLOGIN ADMIN reporting, app;
