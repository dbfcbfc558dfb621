-- expect: nothing
update products set category = 'misc' where id = any (array[1, 2, 3]);
