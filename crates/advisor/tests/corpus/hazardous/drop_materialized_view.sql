-- expect: drop-view-or-function
drop materialized view monthly_totals;
