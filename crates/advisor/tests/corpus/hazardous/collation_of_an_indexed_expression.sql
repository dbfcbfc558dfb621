-- expect: type-change-rewrite
set lock_timeout = '5s';
alter table branches alter column label set data type text collate "C";
