create table promotions (
    customer_id uuid not null references customers,
    promotion_id uuid not null,
    name text not null check (name <> ''),
    store_id uuid,
    product_id uuid,
    discount_percent numeric(5, 2) check (discount_percent > 0 and discount_percent <= 100),
    discount_amount numeric(19, 4) check (discount_amount > 0),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    created_at timestamptz not null default now(),
    primary key (customer_id, promotion_id),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products,
    check (num_nonnulls(discount_percent, discount_amount) = 1)
);
comment on table promotions is 'Price campaigns.';

create index promotions_store on promotions (customer_id, store_id);
create index promotions_product on promotions (customer_id, product_id);

select shelfops.protect_tenant_table('promotions');

comment on column promotions.store_id is 'Null: every store.';
comment on column promotions.product_id is 'Null: every product.';
