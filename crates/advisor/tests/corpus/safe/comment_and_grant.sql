-- expect: nothing
COMMENT ON COLUMN orders.status IS 'x';
GRANT SELECT ON orders TO reporting;
