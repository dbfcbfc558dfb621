-- expect: storage-rewrite
ALTER TABLE accounts SET UNLOGGED;
