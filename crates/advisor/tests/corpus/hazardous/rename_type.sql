-- expect: rename-table
alter type invoice_state rename to state_of_invoice;
