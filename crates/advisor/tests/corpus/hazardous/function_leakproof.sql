-- expect: leakproof-function
CREATE FUNCTION short_name(name text) RETURNS text LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT left(name, 3)';
