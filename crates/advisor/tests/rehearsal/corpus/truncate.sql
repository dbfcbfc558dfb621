-- expect: dangerous: the values of orders are gone
truncate orders;
