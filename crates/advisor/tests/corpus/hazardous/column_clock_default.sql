-- expect: column-with-volatile-default
alter table accounts add seen_at timestamptz default clock_timestamp();
