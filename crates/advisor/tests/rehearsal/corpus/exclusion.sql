-- expect: dangerous: put into an index
create extension if not exists btree_gist;
alter table journal add constraint journal_line exclude using gist (line with =);
