-- expect: nothing
create statistics if not exists accounts_state_active on state, is_active from accounts;
alter table accounts alter column state set statistics 500;
