-- expect: nothing
UPDATE accounts SET note = '' WHERE note IS NULL AND id BETWEEN 1 AND 10000;
