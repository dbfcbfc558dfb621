-- expect: nothing
alter table accounts alter column email type text;
alter table accounts alter column note set storage external;
alter table accounts alter column note set compression pglz;
