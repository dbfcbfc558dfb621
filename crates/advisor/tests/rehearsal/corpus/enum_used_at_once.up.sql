-- expect: fails: 55P04
alter type mood add value 'mixed';
create table moods (id int primary key, mood mood default 'mixed');
insert into moods values (1);
