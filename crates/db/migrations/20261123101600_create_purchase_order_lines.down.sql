drop table purchase_order_lines;
