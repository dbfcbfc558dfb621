-- expect: nothing
create sequence invoice_numbers;
select setval('invoice_numbers', coalesce(max(id), 1)) from invoices;
alter sequence invoice_numbers increment by 10 cache 20;
