-- expect: nothing
ALTER TABLE invoices ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
ALTER TABLE invoices VALIDATE CONSTRAINT total_positive;
