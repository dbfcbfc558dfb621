-- Fifteen questions of a retailer, each of one tenant.

-- daily sales
select business_date, sum(total_amount) filter (where transaction_type = 'sale')
    - coalesce(sum(total_amount) filter (where transaction_type = 'return'), 0) as sales, count(*) as lines
from transactions
where customer_id = md5('c3')::uuid and business_date >= '2026-03-01' and business_date < '2026-04-01'
group by business_date
order by business_date;

-- sales of a store
select business_date, sum(total_amount) as sales
from transactions
where customer_id = md5('c3')::uuid and store_id = md5('s13')::uuid and business_date >= '2026-05-01'
    and transaction_type = 'sale'
group by business_date
order by business_date;

-- latest lines of a store
select occurred_at, product_id, quantity, total_amount
from transactions
where customer_id = md5('c4')::uuid and store_id = md5('s24')::uuid
order by occurred_at desc
limit 50;

-- lines of a product
select occurred_at, store_id, quantity, total_amount
from transactions
where customer_id = md5('c5')::uuid and product_id = md5('p1505')::uuid
order by occurred_at desc
limit 100;

-- best sellers
select p.name, sum(t.quantity) as sold
from transactions as t
join products as p on p.customer_id = t.customer_id and p.product_id = t.product_id
where t.customer_id = md5('c6')::uuid and t.occurred_at >= '2026-06-01' and t.occurred_at < '2026-06-08'
    and t.transaction_type = 'sale'
group by p.name
order by sold desc
limit 20;

-- lines of an order
select external_id, product_id, quantity, total_amount
from transactions
where customer_id = md5('c7')::uuid and external_order_id = 'O250509';

-- returns of a month
select business_date, store_id, count(*) as returns, sum(total_amount) as returned
from transactions
where customer_id = md5('c8')::uuid and transaction_type = 'return' and business_date >= '2026-05-01'
    and business_date < '2026-06-01'
group by business_date, store_id;

-- voided lines
select occurred_at, external_id, total_amount
from transactions
where customer_id = md5('c1')::uuid and transaction_type = 'void'
order by occurred_at desc
limit 20;

-- sales of a day by the clock
select date_trunc('hour', occurred_at) as hour, sum(total_amount) as sales
from transactions
where customer_id = md5('c2')::uuid and occurred_at::date = '2026-04-10'
group by 1
order by 1;

-- latest inventory of a store
select distinct on (product_id) product_id, quantity_on_hand, counted_at
from inventory_levels
where customer_id = md5('c3')::uuid and store_id = md5('s13')::uuid
order by product_id, counted_at desc;

-- what is missing
select store_id, product_id, quantity_on_hand, counted_at
from inventory_levels
where customer_id = md5('c4')::uuid and quantity_on_hand < 0 and counted_at >= '2026-06-01';

-- stock of a product
select store_id, quantity_on_hand, counted_at
from inventory_levels
where customer_id = md5('c5')::uuid and product_id = md5('p1505')::uuid
order by counted_at desc
limit 40;

-- open orders
select purchase_order_id, supplier_id, expected_at
from purchase_orders
where customer_id = md5('c6')::uuid and status = 'open'
order by expected_at
limit 50;

-- orders of a supplier
select o.external_id, o.ordered_at, s.name
from purchase_orders as o
join suppliers as s on s.customer_id = o.customer_id and s.supplier_id = o.supplier_id
where o.customer_id = md5('c7')::uuid and o.supplier_id = md5('v17')::uuid and o.ordered_at >= '2025-06-01';

-- a product by its name
select product_id, name, unit_price
from products
where customer_id = md5('c8')::uuid and lower(name) = 'product 18';
