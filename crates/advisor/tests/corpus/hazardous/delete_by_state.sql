-- expect: unbounded-data-change
DELETE FROM invoices WHERE issued_at < '2020-01-01';
