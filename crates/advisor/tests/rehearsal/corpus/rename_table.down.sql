alter table options rename to settings;
