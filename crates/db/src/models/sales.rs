//! Answers that shopkeepers ask for every day, from rollups where they can be.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{system_time, timestamp};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// One day over all stores.
#[derive(Clone, Debug, Serialize)]
pub struct DailySales {
    /// The day by each store's own clock.
    pub business_date: String,
    /// The currency of the amounts.
    pub currency: String,
    /// Lines of sales, returns, exchanges and voids.
    pub lines: i64,
    /// Units sold.
    pub sold_quantity: Decimal,
    /// Sales less returns.
    pub net_sales: Decimal,
    /// What was returned.
    pub returned: Decimal,
}

/// A product by what it sold.
#[derive(Clone, Debug, Serialize)]
pub struct TopSeller {
    /// The product's name.
    pub product: String,
    /// Its department.
    pub department: Option<String>,
    /// Units sold.
    pub sold_quantity: Decimal,
    /// What they brought.
    pub sales_amount: Decimal,
    /// The currency of the amount.
    pub currency: String,
}

/// A product that a store has none of.
#[derive(Clone, Debug, Serialize)]
pub struct StockOut {
    /// The store's name.
    pub store: String,
    /// The product's name.
    pub product: String,
    /// What the last count said; below zero when tills sold what was never booked in.
    pub quantity_on_hand: Decimal,
    /// Units already ordered.
    pub quantity_on_order: Decimal,
    /// When it was counted.
    pub counted_at: Option<Timestamp>,
}

impl TenantTx {
    /// Returns the sales of each of the last `days` days that have any, newest first; a day has a row for
    /// each currency.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn daily_sales(&self, days: i64) -> Result<Vec<DailySales>, DbError> {
        let rows = self
            .query(
                "select business_date::text, currency, sum(line_count)::bigint,
                     sum(sold_quantity), sum(sales_amount - returned_amount), sum(returned_amount)
                 from daily_sales
                 where customer_id = $1
                     and business_date in (
                         select distinct business_date
                         from daily_sales
                         where customer_id = $1
                         order by business_date desc
                         limit $2
                     )
                 group by business_date, currency
                 order by business_date desc, currency",
                &[&self.customer_id().as_uuid(), &days],
            )
            .await
            .map_err(doing("read the daily sales"))?;
        Ok(rows
            .iter()
            .map(|row| DailySales {
                business_date: row.get(0),
                currency: row.get(1),
                lines: row.get(2),
                sold_quantity: plain(row.get(3)),
                net_sales: money(row.get(4)),
                returned: money(row.get(5)),
            })
            .collect())
    }

    /// Returns the newest day with sales.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn newest_business_date(&self) -> Result<Option<Date>, DbError> {
        let row = self
            .query_one(
                "select max(business_date)::text from daily_sales where customer_id = $1",
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("find the newest day with sales"))?;
        Ok(row.get::<_, Option<&str>>(0).and_then(|text| text.parse().ok()))
    }

    /// Returns what sold for the most from a moment on: so many products of each currency, since amounts
    /// of different currencies cannot be compared.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn top_sellers(
        &self,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<TopSeller>, DbError> {
        let since = system_time(since);
        let rows = self
            .query(
                "select product.name, product.department, sold.quantity, sold.amount, sold.currency
                 from (
                     select product_id, currency, sum(quantity) as quantity,
                         sum(total_amount) as amount,
                         row_number() over (
                             partition by currency
                             order by sum(total_amount) desc, product_id
                         ) as place
                     from transactions
                     where customer_id = $1 and occurred_at >= $2 and transaction_type = 'sale'
                     group by product_id, currency
                 ) as sold
                 join products as product
                     on product.customer_id = $1 and product.product_id = sold.product_id
                 where sold.place <= $3
                 order by sold.currency, sold.amount desc, product.name",
                &[&self.customer_id().as_uuid(), &since, &limit],
            )
            .await
            .map_err(doing("find the top sellers"))?;
        Ok(rows
            .iter()
            .map(|row| TopSeller {
                product: row.get(0),
                department: row.get(1),
                sold_quantity: plain(row.get(2)),
                sales_amount: money(row.get(3)),
                currency: row.get(4),
            })
            .collect())
    }

    /// Returns products that stores have none of, those counted last first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn stock_outs(&self, limit: i64) -> Result<Vec<StockOut>, DbError> {
        let rows = self
            .query(
                "select store.name, product.name, latest.quantity_on_hand,
                     latest.quantity_on_order, latest.counted_at
                 from latest_inventory as latest
                 join stores as store
                     on store.customer_id = latest.customer_id
                     and store.store_id = latest.store_id
                 join products as product
                     on product.customer_id = latest.customer_id
                     and product.product_id = latest.product_id
                 where latest.customer_id = $1 and latest.quantity_on_hand <= 0
                 order by latest.counted_at desc, store.name, product.name
                 limit $2",
                &[&self.customer_id().as_uuid(), &limit],
            )
            .await
            .map_err(doing("find the stock-outs"))?;
        Ok(rows
            .iter()
            .map(|row| StockOut {
                store: row.get(0),
                product: row.get(1),
                quantity_on_hand: plain(row.get(2)),
                quantity_on_order: plain(row.get(3)),
                counted_at: timestamp(row.get(4)),
            })
            .collect())
    }
}

/// Drops zeros that only the column's scale put there.
fn plain(number: Decimal) -> Decimal {
    number.normalize()
}

/// Drops the same zeros, but keeps cents.
fn money(amount: Decimal) -> Decimal {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}
