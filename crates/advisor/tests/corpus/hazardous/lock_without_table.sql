-- expect: explicit-table-lock
lock accounts;
