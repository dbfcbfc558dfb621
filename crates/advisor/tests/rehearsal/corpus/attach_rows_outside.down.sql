alter table events detach partition events_4;
