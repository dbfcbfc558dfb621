create table reorder_points (
    customer_id uuid not null,
    store_id uuid not null,
    product_id uuid not null,
    supplier_id uuid,
    reorder_at_quantity numeric(14, 4) not null check (reorder_at_quantity >= 0),
    order_quantity numeric(14, 4) not null check (order_quantity > 0),
    safety_stock_quantity numeric(14, 4) not null default 0 check (safety_stock_quantity >= 0),
    computed_at timestamptz not null default now(),
    primary key (customer_id, store_id, product_id),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products,
    foreign key (customer_id, supplier_id) references suppliers
);
comment on table reorder_points is 'When to order how much of a product for a store.';

create index reorder_points_product on reorder_points (customer_id, product_id);
create index reorder_points_supplier on reorder_points (customer_id, supplier_id);

select shelfops.protect_tenant_table('reorder_points');
