-- shelfops:as-login (the functions belong to whoever created the extension)
-- Opens what the way up closed, where the extension still has it.
set local search_path = pg_catalog;

do $$
declare
    closed record;
begin
    for closed in
        select to_regprocedure(routine) as routine, was_public, was_owners
        from shelfops.closed_routines
        where to_regprocedure(routine) is not null
    loop
        if not closed.was_owners then
            execute format('revoke execute on routine %s from shelfops_owner', closed.routine);
        end if;
        if closed.was_public then
            execute format('grant execute on routine %s to public', closed.routine);
        end if;
    end loop;
end
$$;

drop table shelfops.closed_routines;
reset search_path;
