//! Three questions that a shopkeeper asks every morning.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::ops::{Context, OpError};

/// Asks for daily sales, top sellers and stock-outs of a tenant.
pub(super) async fn ask(context: &Context, slug: &str) -> Result<Value, OpError> {
    let (_, tx) = context.tenant(slug).await?;
    let daily_sales = tx.daily_sales(7).await?;
    let newest = tx.newest_business_date().await?;
    let since = newest
        .and_then(|day| day.checked_sub(30.days()).ok())
        .and_then(|day| day.to_zoned_datetime(TimeZone::UTC).ok())
        .map_or(jiff::Timestamp::UNIX_EPOCH, |day| day.timestamp());
    let top_sellers = tx.top_sellers(since, 5).await?;
    let stock_outs = tx.stock_outs(5).await?;
    Ok(json!({
        "tenant": slug,
        "daily_sales": daily_sales,
        "top_sellers": top_sellers,
        "stock_outs": stock_outs,
    }))
}
