-- expect: nothing
set lock_timeout = '5s';
create index concurrently branches_code_plain on branches (tenant_id, code collate "C");
drop index concurrently branches_code;
alter table branches alter column code type text collate "C";
