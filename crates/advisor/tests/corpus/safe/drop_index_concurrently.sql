-- expect: nothing
DROP INDEX CONCURRENTLY IF EXISTS accounts_created;
