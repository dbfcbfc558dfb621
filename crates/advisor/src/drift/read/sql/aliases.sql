-- What stands for something else where the catalogs say what is needed: a table's row type, the array of
-- a type, the index of a constraint.
select 'pg_type'::regclass::oid, c.reltype, 'pg_class'::regclass::oid, c.oid
from pg_class as c
where c.reltype <> 0
union all
select 'pg_type'::regclass::oid, t.typarray, 'pg_type'::regclass::oid, t.oid
from pg_type as t
where t.typarray <> 0 and t.typtype in ('e', 'd', 'r', 'c')
union all
select 'pg_type'::regclass::oid, t.oid, 'pg_class'::regclass::oid, t.typrelid
from pg_type as t
where t.typtype = 'c'
union all
select 'pg_class'::regclass::oid, k.conindid, 'pg_constraint'::regclass::oid, k.oid
from pg_constraint as k
where k.conindid <> 0 and k.contype in ('p', 'u', 'x')
