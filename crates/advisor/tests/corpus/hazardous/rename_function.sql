-- expect: rename-table
alter function touched() rename to was_touched;
