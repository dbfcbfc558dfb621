drop table events_5;
