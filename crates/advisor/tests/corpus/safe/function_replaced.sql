-- expect: nothing
create or replace function touched() returns trigger language plpgsql set search_path = pg_catalog as $$ begin new.created_at := now(); return new; end $$;
