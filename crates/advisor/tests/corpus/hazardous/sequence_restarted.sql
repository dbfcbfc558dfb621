-- expect: sequence-set-back
ALTER SEQUENCE orders_id_seq RESTART;
