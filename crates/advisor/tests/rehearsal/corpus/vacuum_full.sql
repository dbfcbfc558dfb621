-- expect: dangerous: orders
vacuum full orders;
