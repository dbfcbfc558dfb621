-- expect: unique-constraint-without-index
alter table accounts add column handle text unique;
