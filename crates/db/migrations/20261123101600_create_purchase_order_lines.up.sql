create table purchase_order_lines (
    customer_id uuid not null,
    purchase_order_id uuid not null,
    external_line_id text not null check (external_line_id <> ''),
    product_id uuid not null,
    quantity_ordered numeric(14, 4) not null check (quantity_ordered > 0),
    quantity_received numeric(19, 4) not null default 0 check (quantity_received >= 0),
    unit_cost numeric(19, 4) check (unit_cost >= 0),
    source_updated_at timestamptz,
    primary key (customer_id, purchase_order_id, external_line_id),
    foreign key (customer_id, purchase_order_id) references purchase_orders on delete cascade,
    foreign key (customer_id, product_id) references products
);
comment on table purchase_order_lines is 'Lines of orders placed with suppliers.';

create index purchase_order_lines_product on purchase_order_lines (customer_id, product_id);

select shelfops.protect_tenant_table('purchase_order_lines');
