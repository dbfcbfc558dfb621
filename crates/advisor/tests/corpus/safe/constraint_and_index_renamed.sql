-- expect: nothing
ALTER TABLE accounts RENAME CONSTRAINT accounts_pkey TO accounts_pk;
ALTER INDEX accounts_created RENAME TO accounts_created_at;
