-- expect: security-definer-without-search-path
alter function touched() security definer;
