-- expect: check-without-not-valid
alter table accounts add column discount integer not null default 0 check (discount between 0 and 100);
