-- expect: nothing
create sequence ticket_numbers;
alter sequence ticket_numbers restart with 1000;
select setval('ticket_numbers', 2000);
