-- expect: dangerous: put into an index again
reindex table orders;
