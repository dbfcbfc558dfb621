-- expect: drop-view-or-function
drop sequence orders_id_seq;
