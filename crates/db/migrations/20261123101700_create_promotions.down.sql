drop table promotions;
