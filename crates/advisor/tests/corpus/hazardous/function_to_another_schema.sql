-- expect: rename-table
alter function touched() set schema old;
