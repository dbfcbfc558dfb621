-- expect: dangerous: the values of orders are gone
drop table orders cascade;
