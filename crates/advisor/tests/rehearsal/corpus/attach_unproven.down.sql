alter table events detach partition events_3;
