-- expect: type-change-rewrite
alter table accounts alter column state drop default, alter column state type invoice_state using state::invoice_state;
