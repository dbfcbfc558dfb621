-- expect: index-without-concurrently
do $$
begin
    if not exists (select from pg_class where relname = 'accounts_mail') then
        execute 'create index accounts_mail on accounts (tenant_id, email)';
    end if;
end
$$;
