-- expect: transaction-left-open
BEGIN;
ALTER TABLE accounts ADD COLUMN a text;
