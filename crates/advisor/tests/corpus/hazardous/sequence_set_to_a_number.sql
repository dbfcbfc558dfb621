-- expect: sequence-set-back
SELECT setval('orders_id_seq', 1, false);
