-- data: fails
delete from accounts where id between 1 and 100;
