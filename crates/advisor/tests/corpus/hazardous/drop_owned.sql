-- expect: drop-table
DROP OWNED BY reporting;
