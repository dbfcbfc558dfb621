-- expect: rename-table
ALTER TABLE accounts RENAME TO clients;
