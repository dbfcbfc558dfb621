-- expect: drop-index-without-concurrently
DROP INDEX accounts_created;
