-- expect: truncate
TRUNCATE accounts CASCADE;
