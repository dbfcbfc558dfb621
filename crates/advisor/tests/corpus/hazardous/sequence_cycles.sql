-- expect: sequence-set-back
alter sequence orders_id_seq maxvalue 100000 cycle;
