-- shelfops:as-login (roles and rights on the database are not the owner's to give)
alter default privileges for role shelfops_owner grant execute on functions to public;
drop schema shelfops;
revoke usage, create on schema public from shelfops_owner;

do $$
declare
    role_name text;
begin
    execute format('grant temporary on database %I to public', current_database());
    execute format('revoke all on database %I from shelfops_app', current_database());
    execute format('revoke all on database %I from shelfops_owner', current_database());
    foreach role_name in array array['shelfops_readonly', 'shelfops_app', 'shelfops_owner'] loop
        begin
            execute format('drop role %I', role_name);
        exception
            -- Another database of this server still uses the role.
            when dependent_objects_still_exist then
                raise notice 'role % stays: other databases use it', role_name;
            when object_in_use then
                raise notice 'role % stays: a session uses it', role_name;
        end;
    end loop;
end
$$;
