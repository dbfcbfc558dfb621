-- expect: unbounded-data-change
delete from invoices using accounts a where a.id = account_id and not a.is_active;
