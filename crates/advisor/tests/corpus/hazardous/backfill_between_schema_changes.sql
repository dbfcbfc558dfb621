-- expect: unbounded-data-change
ALTER TABLE invoices ADD COLUMN region text;
UPDATE invoices SET region = accounts.note FROM accounts WHERE accounts.id = invoices.account_id;
