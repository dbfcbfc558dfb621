drop table sync_cursors;
