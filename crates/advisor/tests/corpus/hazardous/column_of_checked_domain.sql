-- expect: domain-constraint
create domain email_address as text check (value like '%@%');
alter table accounts add column contact email_address;
