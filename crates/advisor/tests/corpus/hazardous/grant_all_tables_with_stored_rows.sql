-- expect: grant-on-materialized-view
grant select on all tables in schema public to app;
