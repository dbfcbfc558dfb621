-- expect: dangerous: totals is locked
refresh materialized view totals;
