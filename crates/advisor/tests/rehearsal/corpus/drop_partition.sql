-- expect: dangerous: the values of events_1 are gone
drop table events_1;
