-- expect: grant-to-public
GRANT SELECT ON accounts TO PUBLIC;
