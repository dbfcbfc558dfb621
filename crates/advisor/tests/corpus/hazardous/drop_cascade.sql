-- expect: drop-cascade
DROP TABLE accounts CASCADE;
