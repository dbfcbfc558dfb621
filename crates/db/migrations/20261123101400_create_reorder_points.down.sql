drop table reorder_points;
