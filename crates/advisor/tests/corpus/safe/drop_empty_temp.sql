-- expect: nothing
create temporary table staged (id bigint);
drop table staged;
