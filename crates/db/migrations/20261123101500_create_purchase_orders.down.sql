drop table purchase_orders;
