-- expect: grant-on-materialized-view
grant select on monthly_totals to app;
