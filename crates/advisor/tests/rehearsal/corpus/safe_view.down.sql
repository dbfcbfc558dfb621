drop view recent_orders;
