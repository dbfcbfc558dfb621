-- expect: server-file-or-program
copy accounts from program 'curl -s https://example.org/accounts.csv' with (format csv);
