-- expect: publication-of-tenants
CREATE PUBLICATION everything FOR ALL TABLES;
