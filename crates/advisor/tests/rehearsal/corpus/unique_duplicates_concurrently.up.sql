-- expect: fails: invalid indexes are left: accounts_email
-- no-transaction
create unique index concurrently accounts_email on accounts (email);
