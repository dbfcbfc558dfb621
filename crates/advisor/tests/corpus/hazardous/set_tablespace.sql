-- expect: storage-rewrite
ALTER TABLE accounts SET TABLESPACE fast;
