-- expect: grant-on-partition
GRANT SELECT ON events_2026_05 TO app;
