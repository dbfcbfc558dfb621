-- expect: policy-without-tenant
ALTER POLICY isolation ON accounts USING (true);
