-- expect: hypertable-migrates-data
SELECT create_hypertable('readings', 'at', migrate_data => true);
