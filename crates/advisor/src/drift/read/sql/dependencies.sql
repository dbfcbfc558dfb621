-- What needs what. A view's own rule stands for the view.
select d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
from pg_depend as d
where d.deptype in ('n', 'a', 'i')
union
select 'pg_class'::regclass::oid, r.ev_class, 0, d.refclassid, d.refobjid, d.refobjsubid
from pg_rewrite as r
join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.deptype = 'n'
where r.rulename = '_RETURN'
