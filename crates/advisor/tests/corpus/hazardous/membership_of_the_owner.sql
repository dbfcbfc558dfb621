-- expect: membership-lifts-isolation
ALTER TABLE accounts OWNER TO tables_of_shop;
GRANT SELECT, INSERT ON accounts TO app;
GRANT tables_of_shop TO app;
