-- expect: refresh-without-concurrently
refresh materialized view monthly_totals with no data;
