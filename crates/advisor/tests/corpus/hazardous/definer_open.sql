-- expect: security-definer-without-search-path
CREATE FUNCTION close_month() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
