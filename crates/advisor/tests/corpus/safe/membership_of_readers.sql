-- expect: nothing
create role readers nologin role app;
create group clerks with user app, reporting;
alter group readers add user reporting;
alter group shop_owner drop user app;
create role shop_owner nologin role shop_migrator;
revoke shop_owner from app;
