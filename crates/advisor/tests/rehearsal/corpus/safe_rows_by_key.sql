-- expect: safe
update accounts set note = 'vip' where id between 1 and 500;
