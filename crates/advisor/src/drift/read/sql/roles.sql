-- Roles belong to the server. Read is what makes one mightier than it was made, and what changes what its
-- sessions see and do; how it logs in, what is logged of it and how much memory it has is an administrator's to say.
-- $3 names them, $4 those of them that own the schema: an administrator may let these make databases, and put them
-- into any role short of a superuser.
select 0::oid, r.oid, 0, null::text, null::text, quote_ident(r.rolname),
    jsonb_strip_nulls(jsonb_build_object(
        'attributes', nullif(concat_ws(', ',
            case when r.rolsuper then 'superuser' end,
            case when r.rolcreaterole then 'createrole' end,
            case when r.rolcreatedb and not o.is_owner then 'createdb' end,
            case when r.rolreplication then 'replication' end,
            case when r.rolbypassrls then 'bypassrls' end), ''),
        'member of', (
            select string_agg(
                -- Since version 16 a membership is there once for each who gave it.
                quote_ident(pg_get_userbyid(m.roleid)) || case
                    when current_setting('server_version_num')::int4 >= 160000
                        then ' granted by ' || quote_ident(pg_get_userbyid(m.grantor))
                    else '' end,
                ', ' order by pg_get_userbyid(m.roleid)::text, pg_get_userbyid(m.grantor)::text)
            from pg_auth_members as m
            where m.member = r.oid
                -- One that leads to nothing is a label: an administrator's way to let somebody log in.
                and exists (
                    select from pg_roles as g
                    where pg_has_role(m.roleid, g.oid, 'member')
                        and (g.rolsuper
                            or not o.is_owner
                                and (g.rolcreaterole or g.rolreplication or g.rolbypassrls
                                    or quote_ident(g.rolname) = any ($3::text[])
                                    or g.rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                                        'pg_write_server_files', 'pg_execute_server_program')))
                )))) || coalesce((
        select jsonb_object_agg(
            split_part(setting, '=', 1) || case when s.setdatabase <> 0 then ' in this database' else '' end,
            substr(setting, strpos(setting, '=') + 1))
        from pg_db_role_setting as s
        cross join unnest(s.setconfig) as setting
        where s.setrole = r.oid
            and (s.setdatabase = 0
                or s.setdatabase = (select d.oid from pg_database as d where d.datname = current_database()))
            and split_part(setting, '=', 1) in ('role', 'row_security', 'search_path', 'session_replication_role',
                'default_transaction_read_only', 'default_transaction_isolation', 'synchronous_commit',
                'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout',
                'session_preload_libraries', 'local_preload_libraries')
    ), '{}'::jsonb),
    null::text
from pg_roles as r
cross join lateral (select quote_ident(r.rolname) = any ($4::text[])) as o (is_owner)
where quote_ident(r.rolname) = any ($3::text[])
