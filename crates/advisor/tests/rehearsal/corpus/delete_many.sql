-- expect: dangerous: are changed, and locked
delete from orders where id % 3 <> 0;
