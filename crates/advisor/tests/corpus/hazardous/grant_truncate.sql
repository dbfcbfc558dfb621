-- expect: grant-of-truncate
grant truncate on accounts to app;
