-- expect: nothing
GRANT shop_owner TO shop_migrator;
GRANT pg_monitor TO reporting;
GRANT readers TO app;
