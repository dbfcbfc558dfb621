drop trigger place_account on integrations;
drop function shelfops.place_account();
drop table shelfops.connected_accounts;
alter table integrations
    drop column external_account,
    drop column secrets_revision,
    drop column pending_state,
    drop column connected_at;
