-- expect: membership-lifts-isolation
alter group shop_owner add user shop_migrator, app;
