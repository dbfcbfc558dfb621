-- expect: safe
refresh materialized view concurrently totals;
