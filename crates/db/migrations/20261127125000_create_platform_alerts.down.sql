delete from shelfops.upkeep_schedules where kind = 'schema-drift';
drop table shelfops.platform_alerts;
