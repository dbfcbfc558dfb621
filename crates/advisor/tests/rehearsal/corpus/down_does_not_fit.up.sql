-- expect: dangerous: it cannot be taken back
alter table accounts alter column phone drop not null;
insert into settings values ('long', repeat('x', 100), 1);
