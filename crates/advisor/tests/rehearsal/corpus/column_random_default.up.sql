-- expect: dangerous: accounts are written anew
alter table accounts add column token uuid default gen_random_uuid();
