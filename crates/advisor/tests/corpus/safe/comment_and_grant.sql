-- expect: nothing
COMMENT ON COLUMN orders.number IS 'x';
GRANT SELECT ON orders TO reporting;
