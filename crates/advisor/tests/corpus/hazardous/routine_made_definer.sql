-- expect: security-definer-without-search-path
alter routine touched() security definer;
