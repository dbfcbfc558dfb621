-- expect: select-star-in-view
CREATE VIEW open_accounts WITH (security_invoker) AS SELECT * FROM accounts WHERE state = 'open';
