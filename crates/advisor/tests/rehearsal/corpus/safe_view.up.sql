-- expect: safe
create view recent_orders as select id, placed_at from orders;
