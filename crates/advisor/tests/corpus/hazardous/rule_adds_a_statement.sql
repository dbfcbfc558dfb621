-- expect: rule-on-table
create rule noted as on insert to invoices do also notify invoices;
