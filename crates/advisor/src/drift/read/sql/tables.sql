select 'pg_class'::regclass::oid, c.oid, 0, c.in_schema, null::text, c.called,
    jsonb_strip_nulls(jsonb_build_object(
        'owner', quote_ident(pg_get_userbyid(c.relowner)),
        'persistence', case c.relpersistence when 'u' then 'unlogged' end,
        'row security', case when c.relrowsecurity then 'enabled' end,
        'row security of the owner', case when c.relforcerowsecurity then 'forced' end,
        'partitioned by', pg_get_partkeydef(c.oid),
        'inherits', (
            select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
            from pg_inherits as i where i.inhrelid = c.oid),
        'storage parameters', (
            select string_agg(option, ', ' order by option) from unnest(c.reloptions) as option),
        'replica identity', case c.relreplident when 'n' then 'nothing' when 'f' then 'full' end,
        'tablespace', (select quote_ident(t.spcname) from pg_tablespace as t where t.oid = c.reltablespace),
        'comment', obj_description(c.oid, 'pg_class'))),
    null::text
from visible as c
where c.relkind in ('r', 'p')
