-- expect: rename-table
alter materialized view monthly_totals rename to totals_by_month;
