-- expect: server-file-or-program
do $$
begin
    execute 'copy accounts to ''/srv/accounts.csv''';
end
$$;
