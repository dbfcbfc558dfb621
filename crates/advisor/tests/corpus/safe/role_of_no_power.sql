-- expect: nothing
create role clerk login nosuperuser nobypassrls nocreaterole noreplication in role readers;
alter role clerk set statement_timeout = '30s';
