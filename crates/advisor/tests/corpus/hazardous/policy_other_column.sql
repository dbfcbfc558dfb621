-- expect: policy-without-tenant
CREATE POLICY open_ones ON accounts USING (state = 'open');
