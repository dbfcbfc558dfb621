create table external_ids (
    customer_id uuid not null references customers,
    source text collate "C" not null check (source <> ''),
    entity text not null check (entity in ('store', 'product', 'supplier')),
    external_id text collate "C" not null check (external_id <> ''),
    store_id uuid,
    product_id uuid,
    supplier_id uuid,
    primary key (customer_id, source, entity, external_id),
    foreign key (customer_id, store_id) references stores on delete cascade,
    foreign key (customer_id, product_id) references products on delete cascade,
    foreign key (customer_id, supplier_id) references suppliers on delete cascade,
    check (num_nonnulls(store_id, product_id, supplier_id) = 1),
    check (
        case entity
            when 'store' then store_id is not null
            when 'product' then product_id is not null
            else supplier_id is not null
        end
    )
);
comment on table external_ids is 'Which of a source''s ids means which of our rows.';

-- Behind the foreign keys; each row has exactly one of the three.
create index external_ids_store on external_ids (customer_id, store_id) where store_id is not null;
create index external_ids_product on external_ids (customer_id, product_id)
    where product_id is not null;
create index external_ids_supplier on external_ids (customer_id, supplier_id)
    where supplier_id is not null;

select shelfops.protect_tenant_table('external_ids');
