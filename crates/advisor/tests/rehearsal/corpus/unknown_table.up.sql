-- expect: fails: 42P01
alter table nowhere add column kind text;
