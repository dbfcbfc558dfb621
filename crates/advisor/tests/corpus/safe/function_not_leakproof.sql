-- expect: nothing
create function short_name(name text) returns text language sql immutable not leakproof as 'select left(name, 3)';
