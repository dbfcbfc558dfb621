-- expect: nothing
select name, setting from pg_settings where name = 'work_mem';
select current_setting('work_mem');
