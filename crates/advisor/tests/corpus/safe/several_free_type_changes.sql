-- expect: nothing
ALTER TABLE accounts ALTER COLUMN legacy_code TYPE varchar(40), ALTER COLUMN balance TYPE numeric(20,2);
