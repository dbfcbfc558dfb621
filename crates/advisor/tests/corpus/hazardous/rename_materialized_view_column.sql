-- expect: rename-column
alter materialized view monthly_totals rename column total to turnover;
