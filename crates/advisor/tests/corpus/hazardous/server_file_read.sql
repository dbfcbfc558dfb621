-- expect: server-file-or-program
select pg_read_file('/etc/passwd');
