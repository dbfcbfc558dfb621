-- data: fails
ALTER TABLE accounts ADD CONSTRAINT email_own CHECK (email <> 'same@example.org') NOT VALID;
ALTER TABLE accounts VALIDATE CONSTRAINT email_own;
