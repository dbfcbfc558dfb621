-- expect: nothing
create policy open_only on accounts as restrictive for select using (state <> 'erased');
