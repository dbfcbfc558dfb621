//! What the tables would make of records, found out without writing any.
//!
//! As the sink's merge judges: what a record refers to, and what is there under its key. Repetitions
//! among the records themselves are not looked for.

use serde_json::{Value, json};
use shelfops_ingest::quarantine::{MissingReference, ReferenceEntity};
use shelfops_ingest::records::Record;
use shelfops_ingest::{SourceName, Stream};
use tokio_postgres::Row;

use crate::copy::references::named;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// What the tables would make of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Which of its references nobody knows, in the order of [`ReferenceEntity::ALL`].
    unknown: [bool; 3],
    /// What stands under its key.
    pub known: Option<Known>,
}

/// What stands under a record's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The same, or a newer version: nothing would change.
    Unchanged,
    /// An older version, which the record would replace.
    Older,
    /// Something else, and neither is newer.
    Contradicting,
}

impl Foreseen {
    /// Returns the first reference that nobody knows, as the sink tells it, of those that would not be
    /// `created`.
    pub fn missing(
        &self,
        record: &Record,
        created: &[ReferenceEntity],
    ) -> Option<MissingReference> {
        let entity = ReferenceEntity::ALL
            .into_iter()
            .find(|entity| self.unknown[*entity as usize] && !created.contains(entity))?;
        Some(MissingReference { entity, external_id: named(record, entity)?.clone() })
    }
}

impl TenantTx {
    /// Says of each of some records of a stream what the tables would make of it. Reads only; made
    /// for a thousand records, not for a million.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn foresee(
        &self,
        source: &SourceName,
        stream: Stream,
        records: &[Record],
    ) -> Result<Vec<Foreseen>, DbError> {
        let sql = match stream {
            Stream::Transactions => TRANSACTIONS,
            Stream::Inventory => INVENTORY,
            Stream::PurchaseOrders => PURCHASE_ORDERS,
            // Master data refers to nothing, and the last word counts.
            Stream::Stores | Stream::Products | Stream::Suppliers => {
                return Ok(vec![Foreseen::default(); records.len()]);
            }
        };
        let told: Vec<Value> = (0_u32..)
            .zip(records)
            .map(|(number, record)| {
                let mut fields = record.described();
                fields.insert("row_number".to_owned(), json!(number));
                Value::Object(fields)
            })
            .collect();
        let rows = self
            .query(sql, &[&self.customer_id().as_uuid(), &source.as_str(), &json!(told)])
            .await
            .map_err(doing("look for what records refer to and repeat"))?;
        Ok(rows.iter().map(foreseen).collect())
    }
}

fn foreseen(row: &Row) -> Foreseen {
    let known = match (row.get(3), row.get(4), row.get(5), row.get(6)) {
        (false, _, _, _) => None,
        (true, true, _, _) => Some(Known::Older),
        (true, false, is_same, has_newer) => {
            let is_unchanged: bool = is_same || has_newer;
            Some(if is_unchanged { Known::Unchanged } else { Known::Contradicting })
        }
    };
    Foreseen { unknown: [row.get(0), row.get(1), row.get(2)], known }
}

const TRANSACTIONS: &str = "
    select store.external_id is null, product.external_id is null, false,
        known.external_id is not null,
        -- As in the merge: without a version of ours, any version is newer.
        coalesce(told.updated_at > known.source_updated_at,
            told.updated_at is not null and known.source_updated_at is null),
        (store.store_id, product.product_id, told.quantity, told.unit_price,
            coalesce(told.discount_amount, 0), coalesce(told.tax_amount, 0), told.total_amount,
            told.currency, coalesce(told.transaction_type, 'sale'), told.order_id)
        is not distinct from
        (known.store_id, known.product_id, known.quantity, known.unit_price,
            known.discount_amount, known.tax_amount, known.total_amount, known.currency,
            known.transaction_type, known.external_order_id),
        coalesce(told.updated_at < known.source_updated_at,
            told.updated_at is null and known.source_updated_at is not null)
    from jsonb_to_recordset($3) as told (
        row_number integer, external_id text, order_id text, store text, product text,
        occurred_at timestamptz, transaction_type text, quantity numeric, unit_price numeric,
        discount_amount numeric, tax_amount numeric, total_amount numeric, currency text,
        updated_at timestamptz)
    left join external_ids as store
        on store.customer_id = $1
        and store.source = $2
        and store.entity = 'store'
        and store.external_id = told.store
    left join external_ids as product
        on product.customer_id = $1
        and product.source = $2
        and product.entity = 'product'
        and product.external_id = told.product
    left join transactions as known
        on known.customer_id = $1
        and known.source = $2
        and known.occurred_at = told.occurred_at
        and known.external_id = told.external_id
    order by told.row_number";

const INVENTORY: &str = "
    select store.external_id is null, product.external_id is null, false,
        known.customer_id is not null,
        false,
        (told.quantity_on_hand, coalesce(told.quantity_reserved, 0),
            coalesce(told.quantity_on_order, 0))
        is not distinct from
        (known.quantity_on_hand, known.quantity_reserved, known.quantity_on_order),
        false
    from jsonb_to_recordset($3) as told (
        row_number integer, store text, product text, counted_at timestamptz,
        quantity_on_hand numeric, quantity_reserved numeric, quantity_on_order numeric)
    left join external_ids as store
        on store.customer_id = $1
        and store.source = $2
        and store.entity = 'store'
        and store.external_id = told.store
    left join external_ids as product
        on product.customer_id = $1
        and product.source = $2
        and product.entity = 'product'
        and product.external_id = told.product
    left join inventory_levels as known
        on known.customer_id = $1
        and known.source = $2
        and known.store_id = store.store_id
        and known.product_id = product.product_id
        and known.counted_at = told.counted_at
    order by told.row_number";

/// Orders change until they are received: the last word counts, so only references are looked for.
const PURCHASE_ORDERS: &str = "
    select store.external_id is null, product.external_id is null, supplier.external_id is null,
        false, false, false, false
    from jsonb_to_recordset($3) as told (
        row_number integer, store text, product text, supplier text)
    left join external_ids as store
        on store.customer_id = $1
        and store.source = $2
        and store.entity = 'store'
        and store.external_id = told.store
    left join external_ids as product
        on product.customer_id = $1
        and product.source = $2
        and product.entity = 'product'
        and product.external_id = told.product
    left join external_ids as supplier
        on supplier.customer_id = $1
        and supplier.source = $2
        and supplier.entity = 'supplier'
        and supplier.external_id = told.supplier
    order by told.row_number";
