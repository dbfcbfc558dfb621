-- expect: isolation-removed
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
