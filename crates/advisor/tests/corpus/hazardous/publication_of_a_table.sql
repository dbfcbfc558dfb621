-- expect: publication-of-tenants
create publication feed for table orders, accounts with (publish = 'insert');
