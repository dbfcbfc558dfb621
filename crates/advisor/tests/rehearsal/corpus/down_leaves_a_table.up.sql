-- expect: dangerous: does not apply again
create table labels (id bigint primary key);
