-- expect: nothing
create sequence invoice_numbers as bigint cache 50 owned by invoices.id;
