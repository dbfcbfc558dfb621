-- expect: reindex-without-concurrently
REINDEX TABLE accounts;
