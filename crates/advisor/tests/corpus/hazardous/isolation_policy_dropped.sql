-- expect: isolation-removed
DROP POLICY isolation ON accounts;
