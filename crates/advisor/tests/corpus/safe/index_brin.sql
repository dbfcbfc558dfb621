-- expect: nothing
create index concurrently if not exists invoices_issued_brin on invoices using brin (issued_at) with (pages_per_range = 32);
