-- expect: nothing
create view open_invoices with (security_invoker) as select tenant_id, id, total from invoices;
create rule open_invoices_added as on insert to open_invoices do instead nothing;
