-- expect: rename-table
alter type invoice_state rename value 'sent' to 'mailed';
