-- expect: default-dropped
alter table accounts alter column id drop identity;
