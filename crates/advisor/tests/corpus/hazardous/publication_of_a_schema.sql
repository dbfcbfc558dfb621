-- expect: publication-of-tenants
create publication feed for tables in schema reports, public;
