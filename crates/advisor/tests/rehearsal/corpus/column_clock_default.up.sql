-- expect: dangerous: accounts are written anew
alter table accounts add column seen_at timestamptz default clock_timestamp();
