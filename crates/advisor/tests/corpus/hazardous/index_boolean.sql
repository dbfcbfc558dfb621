-- expect: index-on-low-cardinality
CREATE INDEX CONCURRENTLY accounts_active ON accounts (is_active);
