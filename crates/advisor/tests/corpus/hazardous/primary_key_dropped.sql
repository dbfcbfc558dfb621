-- expect: key-dropped
ALTER TABLE invoices DROP CONSTRAINT invoices_pkey;
