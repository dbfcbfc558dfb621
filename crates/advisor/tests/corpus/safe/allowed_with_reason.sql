-- expect: nothing
-- shelfops:allow drop-column because no release since March reads it
ALTER TABLE accounts DROP COLUMN legacy_code;
