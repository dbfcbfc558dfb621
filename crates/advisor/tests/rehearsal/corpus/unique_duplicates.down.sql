drop index accounts_email;
