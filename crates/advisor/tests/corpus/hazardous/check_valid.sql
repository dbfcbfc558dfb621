-- expect: check-without-not-valid
ALTER TABLE invoices ADD CONSTRAINT total_positive CHECK (total >= 0);
