-- expect: refresh-without-concurrently
REFRESH MATERIALIZED VIEW monthly_totals;
