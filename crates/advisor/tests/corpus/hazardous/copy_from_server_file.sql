-- expect: server-file-or-program
copy accounts (tenant_id, id, name) from '/srv/accounts.csv' (format csv);
