-- expect: reindex-without-concurrently
reindex schema public;
