-- expect: dangerous: the values of journal are gone
drop table journal;
