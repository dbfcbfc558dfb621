alter table archive.settings set schema public;
drop schema archive;
