-- expect: drop-table
DROP SCHEMA reporting CASCADE;
