-- expect: unbounded-data-change
merge into accounts a using invoices i on a.tenant_id = i.tenant_id and a.id = i.account_id when matched then update set balance = i.total;
