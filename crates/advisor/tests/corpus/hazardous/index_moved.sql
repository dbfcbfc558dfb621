-- expect: storage-rewrite
alter index accounts_created set tablespace fast;
