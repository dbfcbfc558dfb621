-- expect: tenant-by-default
alter role app set app.tenant = '00000000-0000-0000-0000-000000000010';
