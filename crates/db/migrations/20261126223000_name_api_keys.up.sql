-- A key is named in the audit log and revoked by its name, so no two that are in use share one.
-- Revoked keys keep theirs: what they did stays readable, and the name can be given again.
create unique index api_keys_in_use on api_keys (customer_id, name) where revoked_at is null;
