-- expect: tenant-isolation-missing
create table vip_accounts (level integer) inherits (accounts);
