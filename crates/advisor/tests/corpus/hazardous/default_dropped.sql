-- expect: default-dropped
alter table accounts alter column state drop default;
