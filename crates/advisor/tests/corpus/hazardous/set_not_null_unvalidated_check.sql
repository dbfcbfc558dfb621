-- expect: set-not-null-unchecked
ALTER TABLE accounts ADD CONSTRAINT email_set CHECK (email IS NOT NULL) NOT VALID;
ALTER TABLE accounts ALTER COLUMN email SET NOT NULL;
