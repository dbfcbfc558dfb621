-- expect: rule-on-table
create or replace rule elsewhere as on update to accounts where new.state = 'erased'
    do instead delete from accounts where accounts.tenant_id = old.tenant_id and accounts.id = old.id;
