-- expect: safe
reindex index concurrently orders_pkey;
