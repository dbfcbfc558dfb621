-- expect: fails: 20 rows share their (email)
create unique index accounts_email on accounts (email);
