-- expect: policy-without-tenant
create policy staff on accounts using (exists (select from memberships as m where m.login = current_user));
