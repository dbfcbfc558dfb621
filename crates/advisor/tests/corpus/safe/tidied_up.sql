-- expect: nothing
vacuum (analyze) accounts;
analyze invoices;
