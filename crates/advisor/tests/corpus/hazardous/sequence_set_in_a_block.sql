-- expect: sequence-set-back
do $$ begin perform pg_catalog.setval('public.orders_id_seq'::regclass, 100); end $$;
