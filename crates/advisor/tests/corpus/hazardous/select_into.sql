-- expect: tenant-isolation-missing
select tenant_id, id, email into accounts_mailing from accounts;
