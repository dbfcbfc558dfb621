-- expect: type-change-rewrite
-- Said without its collation, the column takes the usual one.
set lock_timeout = '5s';
alter table branches alter column nickname type varchar;
