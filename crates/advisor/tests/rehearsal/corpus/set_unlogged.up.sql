-- expect: dangerous: journal are written anew
alter table journal set unlogged;
