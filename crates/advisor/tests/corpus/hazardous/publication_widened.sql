-- expect: publication-of-tenants
ALTER PUBLICATION feed ADD TABLE invoices;
