drop function shelfops.protect_tenant_table(regclass, text, boolean);
drop table shelfops.tenants;
drop function shelfops.enter_tenant(uuid);
drop function shelfops.current_customer_id();
drop table shelfops.tenant_signing_key;
