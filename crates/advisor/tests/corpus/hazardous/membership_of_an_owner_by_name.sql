-- expect: membership-lifts-isolation
GRANT shop_owner TO app;
