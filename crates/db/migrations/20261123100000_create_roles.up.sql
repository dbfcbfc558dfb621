-- shelfops:as-login (roles and rights on the database are not the owner's to give)
-- Three roles, because the one that serves requests must not be the one that owns tables: an owner
-- can switch row security off, an application role cannot.
--
-- Roles belong to the whole server, so another database may have made them already. They log in
-- only where the server's own rules let a role without a password in (a private socket), or once an
-- administrator gives them one.
do $$
begin
    -- Two databases of one server may be migrated at once.
    perform pg_advisory_xact_lock(hashtextextended('shelfops roles', 0));
    if not exists (select from pg_roles where rolname = 'shelfops_owner') then
        create role shelfops_owner login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    if not exists (select from pg_roles where rolname = 'shelfops_app') then
        create role shelfops_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    if not exists (select from pg_roles where rolname = 'shelfops_readonly') then
        create role shelfops_readonly login nosuperuser nobypassrls nocreatedb nocreaterole;
        alter role shelfops_readonly set default_transaction_read_only = on;
        alter role shelfops_readonly set statement_timeout = '30s';
    end if;
    if not pg_has_role(current_user, 'shelfops_owner', 'member') then
        grant shelfops_owner to current_user;
    end if;
    if not pg_has_role(current_user, 'shelfops_app', 'member') then
        grant shelfops_app to current_user;
    end if;
    execute format('grant create, temporary on database %I to shelfops_owner', current_database());
    -- Staging tables are temporary tables of the application role.
    execute format('grant temporary on database %I to shelfops_app', current_database());
    -- Ad-hoc readers need no temporary tables: they would only shadow names.
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

revoke create on schema public from public;
grant usage, create on schema public to shelfops_owner;
create schema shelfops authorization shelfops_owner;
grant usage on schema shelfops to shelfops_app, shelfops_readonly;
comment on schema shelfops is 'Functions and tables of the product itself: no tenant''s rows.';

-- A function is closed to everyone until a grant opens it: the owner's run with the owner's rights.
alter default privileges for role shelfops_owner revoke execute on functions from public;
