-- expect: dangerous: put into an index
alter table journal add primary key (line);
