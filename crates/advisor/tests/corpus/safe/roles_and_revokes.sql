-- expect: nothing
ALTER ROLE app SET statement_timeout = '30s';
CREATE ROLE reader NOLOGIN;
REVOKE ALL ON accounts FROM PUBLIC;
