-- expect: nothing
REFRESH MATERIALIZED VIEW CONCURRENTLY monthly_totals;
REINDEX INDEX CONCURRENTLY accounts_created;
