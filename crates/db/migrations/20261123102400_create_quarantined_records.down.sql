drop table quarantined_records;
