-- data: fails
update accounts set balance = balance * 1000000 where id between 1 and 20000;
