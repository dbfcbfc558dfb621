-- expect: unbounded-data-change
UPDATE accounts SET state = 'open';
