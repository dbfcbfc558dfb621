-- expect: security-definer-without-search-path
create function close_month() returns void language sql security definer set search_path from current as 'select 1';
