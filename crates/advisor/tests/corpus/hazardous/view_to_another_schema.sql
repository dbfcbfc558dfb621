-- expect: rename-table
alter materialized view monthly_totals set schema old;
