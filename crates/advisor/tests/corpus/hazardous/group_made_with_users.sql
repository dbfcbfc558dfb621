-- expect: membership-lifts-isolation
create group shop_owner with user app;
