-- expect: tenant-isolation-missing
CREATE TABLE accounts_backup AS SELECT * FROM accounts;
