-- expect: nothing
alter table accounts set (autovacuum_enabled = true, autovacuum_analyze_scale_factor = 0.01);
