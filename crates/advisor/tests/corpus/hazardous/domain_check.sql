-- expect: domain-constraint
ALTER DOMAIN quantity ADD CONSTRAINT positive CHECK (VALUE > 0);
