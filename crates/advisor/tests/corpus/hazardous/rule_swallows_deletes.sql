-- expect: rule-on-table
CREATE RULE kept AS ON DELETE TO invoices DO INSTEAD NOTHING;
