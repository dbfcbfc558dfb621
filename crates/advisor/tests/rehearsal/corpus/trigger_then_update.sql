-- expect: dangerous: orders are changed
begin;
create function stamp() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger stamp before update on orders for each row execute function stamp();
update orders set number = number || '-a';
commit;
