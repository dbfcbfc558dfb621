-- expect: type-change-rewrite
set lock_timeout = '5s';
alter table branches alter column code type text collate "C";
