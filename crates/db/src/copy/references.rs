//! From a source's ids to ours, remembered over the batches of a run; unknown ones made on request.

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use shelfops_ingest::SourceName;
use shelfops_ingest::batch::Accepted;
use shelfops_ingest::quarantine::{MissingReference, ReferenceEntity};
use shelfops_ingest::records::Record;
use shelfops_ingest::values::Text;
use uuid::Uuid;

use super::SinkOptions;
use super::ids::IdSequence;
use crate::error::doing;
use crate::models::time_zone;
use crate::{Database, DbError, TenantTx};

/// How many ids are remembered; about 64 bytes each.
const REMEMBERED: usize = 400_000;

/// What is known of the ids that records name.
pub(super) struct References {
    create_unknown: [bool; 3],
    known: [FxHashMap<Text, Option<Uuid>>; 3],
    /// The clock of each store, by our id of it.
    zones: FxHashMap<Uuid, TimeZone>,
    tenant_zone: TimeZone,
}

/// Our ids of what a record refers to; nil where its kind has no such reference.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResolvedIds {
    pub(super) store: Uuid,
    pub(super) product: Uuid,
    pub(super) supplier: Uuid,
}

impl References {
    pub(super) fn new(options: &SinkOptions) -> Self {
        let created = |entity| options.create_unknown.contains(&entity);
        Self {
            create_unknown: ReferenceEntity::ALL.map(created),
            known: Default::default(),
            zones: FxHashMap::default(),
            tenant_zone: TimeZone::UTC,
        }
    }

    /// Looks up what the records name and is not remembered, and makes what is not there if that was
    /// asked for; answers how many were made.
    ///
    /// In a transaction of its own: the batch's is in the middle of a COPY, and other batches need
    /// what is made as well. What is made for a batch that is given up is used by the next one.
    pub(super) async fn learn(
        &mut self,
        database: &Database,
        options: &SinkOptions,
        accepted: &[Accepted],
    ) -> Result<u64, DbError> {
        let mut created = 0;
        let mut tx: Option<TenantTx> = None;
        for entity in ReferenceEntity::ALL {
            let known = &mut self.known[entity as usize];
            if known.len() > REMEMBERED {
                known.clear();
            }
            let mut wanted: Vec<&str> = accepted
                .iter()
                .filter_map(|accepted| named(&accepted.record, entity))
                .filter(|external_id| !known.contains_key(external_id.as_str()))
                .map(Text::as_str)
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            if wanted.is_empty() {
                continue;
            }
            let open = match &tx {
                Some(open) => open,
                None => tx.insert(database.tenant(options.customer_id).await?),
            };
            let mut found = look_up(open, options, entity, &wanted).await?;
            if entity == ReferenceEntity::Product {
                name_stand_ins(open, options, accepted, &found).await?;
            }
            if self.create_unknown[entity as usize] && found.len() < wanted.len() {
                lock(open, &options.source).await?;
                found = look_up(open, options, entity, &wanted).await?;
                let missing: Vec<&str> =
                    wanted.iter().copied().filter(|name| !found.contains_key(*name)).collect();
                let made = create(open, options, entity, &labelled(accepted, &missing)).await?;
                created += made.len() as u64;
                found.extend(made);
            }
            if entity == ReferenceEntity::Store {
                self.zones.extend(store_zones(open, found.values()).await?);
                self.tenant_zone = open.settings().await?.time_zone;
            }
            known.extend(
                wanted
                    .into_iter()
                    .map(|external_id| (Text::new(external_id), found.get(external_id).copied())),
            );
        }
        if let Some(tx) = tx {
            tx.commit().await?;
        }
        Ok(created)
    }

    /// Returns the clock of a store, the tenant's for one that is being made.
    pub(super) fn zone_of(&self, store_id: Uuid) -> &TimeZone {
        self.zones.get(&store_id).unwrap_or(&self.tenant_zone)
    }

    /// Returns our ids of what a record names.
    pub(super) fn resolve(&self, record: &Record) -> Result<ResolvedIds, MissingReference> {
        let id = |entity: ReferenceEntity| match named(record, entity) {
            None => Ok(Uuid::nil()),
            Some(external_id) => self.known[entity as usize]
                .get(external_id)
                .copied()
                .flatten()
                .ok_or_else(|| MissingReference { entity, external_id: external_id.clone() }),
        };
        Ok(ResolvedIds {
            store: id(ReferenceEntity::Store)?,
            product: id(ReferenceEntity::Product)?,
            supplier: id(ReferenceEntity::Supplier)?,
        })
    }
}

/// Returns the source's id of what the record names.
pub(crate) const fn named(record: &Record, entity: ReferenceEntity) -> Option<&Text> {
    match (record, entity) {
        (Record::Transaction(line), ReferenceEntity::Store) => Some(&line.store),
        (Record::Transaction(line), ReferenceEntity::Product) => Some(&line.product),
        (Record::InventoryLevel(level), ReferenceEntity::Store) => Some(&level.store),
        (Record::InventoryLevel(level), ReferenceEntity::Product) => Some(&level.product),
        (Record::PurchaseOrderLine(line), ReferenceEntity::Store) => Some(&line.store),
        (Record::PurchaseOrderLine(line), ReferenceEntity::Product) => Some(&line.product),
        (Record::PurchaseOrderLine(line), ReferenceEntity::Supplier) => Some(&line.supplier),
        _ => None,
    }
}

/// Returns each id with what the records call it, or the id again where none says.
fn labelled<'r>(accepted: &'r [Accepted], missing: &[&'r str]) -> Vec<(&'r str, &'r str)> {
    let labels: FxHashMap<&str, &str> = accepted
        .iter()
        .filter_map(|accepted| match &accepted.record {
            Record::Transaction(line) => Some((&*line.product, &**line.product_name.as_ref()?)),
            _ => None,
        })
        .collect();
    missing.iter().map(|id| (*id, labels.get(id).copied().unwrap_or(id))).collect()
}

async fn look_up(
    tx: &TenantTx,
    options: &SinkOptions,
    entity: ReferenceEntity,
    wanted: &[&str],
) -> Result<FxHashMap<Text, Uuid>, DbError> {
    let rows = tx
        .query(
            "select external_id, coalesce(store_id, product_id, supplier_id)
             from external_ids
             where customer_id = $1 and source = $2 and entity = $3 and external_id = any($4)",
            &[&options.customer_id.as_uuid(), &options.source.as_str(), &entity.name(), &wanted],
        )
        .await
        .map_err(doing("look up what records refer to"))?;
    Ok(rows.iter().map(|row| (Text::new(row.get::<_, &str>(0)), row.get(1))).collect())
}

/// Gives products a name that were made of records which told none, such as a count of stock: of one that
/// the vendor has deleted since, a sale is the only one who says it.
async fn name_stand_ins(
    tx: &TenantTx,
    options: &SinkOptions,
    accepted: &[Accepted],
    found: &FxHashMap<Text, Uuid>,
) -> Result<(), DbError> {
    let known: Vec<&str> = found.keys().map(Text::as_str).collect();
    let mut labelled = labelled(accepted, &known);
    labelled.retain(|(external_id, label)| external_id != label);
    if labelled.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> =
        labelled.iter().filter_map(|(external_id, _)| found.get(*external_id).copied()).collect();
    let (external_ids, labels): (Vec<&str>, Vec<&str>) = labelled.into_iter().unzip();
    let action = doing("name products that sales name");
    let customer = tx.customer_id().as_uuid();
    let nameless = tx
        .query_one(
            "select exists (
                 select from products as product
                 join unnest($2::uuid[], $3::text[]) as known (id, external_id)
                     on product.product_id = known.id
                 where product.customer_id = $1 and product.is_placeholder
                     and product.name = known.external_id)",
            &[&customer, &ids, &external_ids],
        )
        .await
        .map_err(&action)?;
    if !nameless.get::<_, bool>(0) {
        return Ok(());
    }
    lock(tx, &options.source).await?;
    tx.execute(
        "update products as product set name = known.label
         from unnest($2::uuid[], $3::text[], $4::text[]) as known (id, external_id, label)
         where product.customer_id = $1 and product.product_id = known.id
             and product.is_placeholder and product.name = known.external_id",
        &[&customer, &ids, &external_ids, &labels],
    )
    .await
    .map_err(&action)?;
    Ok(())
}

/// Reads the clocks of stores.
async fn store_zones(
    tx: &TenantTx,
    stores: impl Iterator<Item = &Uuid>,
) -> Result<Vec<(Uuid, TimeZone)>, DbError> {
    let ids: Vec<Uuid> = stores.copied().collect();
    let rows = tx
        .query(
            "select store_id, time_zone from stores where customer_id = $1 and store_id = any($2)",
            &[&tx.customer_id().as_uuid(), &ids],
        )
        .await
        .map_err(doing("read the stores' clocks"))?;
    rows.iter().map(|row| Ok((row.get(0), time_zone(row.get(1))?))).collect()
}

/// Keeps others from linking ids of the source until the commit: two imports that name the same new
/// store make it once.
pub(super) async fn lock(tx: &TenantTx, source: &SourceName) -> Result<(), DbError> {
    tx.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, 3))",
        &[&format!("{}/{source}", tx.customer_id())],
    )
    .await
    .map_err(doing("wait for another import that makes stores, products or suppliers"))?;
    Ok(())
}

/// Makes what records named and nobody knew; described later by its own stream.
async fn create(
    tx: &TenantTx,
    options: &SinkOptions,
    entity: ReferenceEntity,
    unknown: &[(&str, &str)],
) -> Result<Vec<(Text, Uuid)>, DbError> {
    let mut sequence = IdSequence::new();
    let made: Vec<(Text, Uuid)> = unknown
        .iter()
        .map(|(external_id, _)| (Text::new(external_id), sequence.next_id()))
        .collect();
    let ids: Vec<Uuid> = made.iter().map(|(_, id)| *id).collect();
    let (external_ids, labels): (Vec<&str>, Vec<&str>) = unknown.iter().copied().unzip();
    let (make, link) = match entity {
        ReferenceEntity::Store => (
            "insert into stores (customer_id, store_id, name, time_zone, is_placeholder)
             select customer.customer_id, new.id, new.name, customer.time_zone, true
             from unnest($2::uuid[], $3::text[]) as new (id, name)
             join customers as customer on customer.customer_id = $1",
            "insert into external_ids (customer_id, source, entity, external_id, store_id)
             select $1, $4, 'store', new.external_id, new.id
             from unnest($2::uuid[], $3::text[]) as new (id, external_id)",
        ),
        ReferenceEntity::Product => (
            "insert into products (customer_id, product_id, name, is_placeholder)
             select $1, new.id, new.name, true
             from unnest($2::uuid[], $3::text[]) as new (id, name)",
            "insert into external_ids (customer_id, source, entity, external_id, product_id)
             select $1, $4, 'product', new.external_id, new.id
             from unnest($2::uuid[], $3::text[]) as new (id, external_id)",
        ),
        ReferenceEntity::Supplier => (
            "insert into suppliers (customer_id, supplier_id, name, is_placeholder)
             select $1, new.id, new.name, true
             from unnest($2::uuid[], $3::text[]) as new (id, name)",
            "insert into external_ids (customer_id, source, entity, external_id, supplier_id)
             select $1, $4, 'supplier', new.external_id, new.id
             from unnest($2::uuid[], $3::text[]) as new (id, external_id)",
        ),
    };
    let action = doing("create what records refer to");
    let customer = options.customer_id.as_uuid();
    tx.execute(make, &[&customer, &ids, &labels]).await.map_err(&action)?;
    let source = options.source.as_str();
    tx.execute(link, &[&customer, &ids, &external_ids, &source]).await.map_err(&action)?;
    Ok(made)
}
