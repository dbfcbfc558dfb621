-- expect: nothing
set lock_timeout = '5s';
alter table branches alter column remark type text collate "C";
