-- expect: unbounded-data-change
delete from invoices where id = id;
