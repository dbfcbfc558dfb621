-- data: dangerous
UPDATE accounts SET note = upper(note) WHERE id BETWEEN 1 AND 100000000;
