-- expect: nothing
create domain remark as text;
alter table accounts add column remark remark;
