-- expect: policy-without-tenant
CREATE POLICY support ON accounts FOR SELECT USING (true);
