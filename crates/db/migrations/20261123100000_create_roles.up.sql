-- shelfops:as-login (roles and rights on the database are not the owner's to give)
-- Three roles, because the one that serves requests must not be the one that owns tables: an owner
-- can switch row security off, an application role cannot.
--
-- Roles belong to the whole server, so another database may have made them already. They log in
-- only where the server's own rules let a role without a password in (a private socket), or once an
-- administrator gives them one.
do $$
declare
    role_name text;
    unfit text;
begin
    foreach role_name in array array['shelfops_owner', 'shelfops_app', 'shelfops_readonly'] loop
        continue when exists (select from pg_roles where rolname = role_name);
        begin
            execute format(
                'create role %I login nosuperuser nobypassrls nocreatedb nocreaterole', role_name);
            if role_name = 'shelfops_readonly' then
                alter role shelfops_readonly set default_transaction_read_only = on;
                alter role shelfops_readonly set statement_timeout = '30s';
            end if;
        exception
            -- Two databases of one server may be migrated at once, and no lock spans them.
            when duplicate_object or unique_violation then
                raise notice 'role % was made for another database meanwhile', role_name;
        end;
    end loop;
    select string_agg(rolname, ', ') into unfit
    from pg_roles
    where rolname in ('shelfops_app', 'shelfops_readonly')
        and (rolsuper or rolbypassrls or rolcreaterole
            or pg_has_role(rolname, 'shelfops_owner', 'member'));
    if unfit is not null then
        raise insufficient_privilege using
            message = format('%s could see every tenant''s rows: the role was made by somebody else,'
                ' with more rights than tenants'' work may have', unfit),
            hint = 'Make it nosuperuser nobypassrls nocreaterole and no member of shelfops_owner.';
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
