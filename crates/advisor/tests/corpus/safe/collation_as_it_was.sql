-- expect: nothing
set lock_timeout = '5s';
alter table branches alter column nickname type varchar collate "C";
