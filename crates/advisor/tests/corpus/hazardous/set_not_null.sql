-- expect: set-not-null-unchecked
ALTER TABLE accounts ALTER COLUMN email SET NOT NULL;
