-- expect: required-column-without-default
ALTER TABLE accounts ADD COLUMN currency text NOT NULL;
