drop trigger stamp on orders;
drop function stamp();
