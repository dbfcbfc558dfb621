-- expect: drop-view-or-function
drop extension pg_trgm;
