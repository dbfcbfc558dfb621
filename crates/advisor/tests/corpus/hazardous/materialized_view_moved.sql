-- expect: storage-rewrite
alter materialized view monthly_totals set tablespace fast;
