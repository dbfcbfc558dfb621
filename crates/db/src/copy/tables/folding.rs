//! Folds what a batch says of one thing several times into the last of it, as batches of their own would.
//!
//! What is told without a version counts; what is older than a version told before, or known, does not.
//! A field that is left out keeps its value: what was said of it last. Only a system that is asked says by
//! leaving it out that there is none, of the fields that it tells.

use super::Staging;
use crate::copy::SinkOptions;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// How a staging table's rows are folded.
pub(super) struct Folding {
    /// The columns that name a thing.
    pub(super) key: &'static str,
    /// The columns that say something of it.
    pub(super) fields: &'static [&'static str],
    /// Those of them that a system which is asked always tells: what is not told there is none.
    pub(super) always_told: &'static [&'static str],
    /// Joins what is known of it, as `known`, by customer `$1` and source `$2`.
    pub(super) known: &'static str,
}

/// Folds, and leaves `superseded` rows out. The batch before is over: what it brought is known.
pub(super) async fn fold(
    tx: &TenantTx,
    options: &SinkOptions,
    (staging, folding): (&Staging, &Folding),
    superseded: &[u32],
) -> Result<(), DbError> {
    if superseded.is_empty() {
        return Ok(());
    }
    let action = doing("fold what is told several times");
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let always_told = if options.is_of_file { &[] } else { folding.always_told };
    let sql = statement(staging.name, folding, always_told);
    tx.execute_fresh(&sql, &[&customer, &source]).await.map_err(action)?;
    super::drop_superseded(tx, staging, superseded).await
}

fn statement(table: &str, folding: &Folding, always_told: &[&str]) -> String {
    let Folding { key, fields, known, .. } = folding;
    let each = |text: &dyn Fn(&str) -> String| {
        fields.iter().map(|field| text(field)).collect::<Vec<_>>().join(",\n")
    };
    let staged_key: Vec<String> =
        key.split(", ").map(|column| format!("staged.{column}")).collect();
    let staged_key = staged_key.join(", ");
    let staged = each(&|field| format!("staged.{field}"));
    let last = each(&|field| {
        let is_told = match always_told.contains(&field) {
            true => "true".to_owned(),
            false => format!("{field} is not null"),
        };
        format!(
            "(array_agg({field} order by row_number desc)
                filter (where is_heard and {is_told}))[1] as {field}"
        )
    });
    let taken = each(&|field| format!("{field} = folded.{field}"));
    format!(
        "with again as (
             select {key} from {table} group by {key} having count(*) > 1
         ),
         told as (
             -- Whether each would be heard, had it come alone.
             select {staged_key}, staged.row_number, {staged},
                 coalesce(
                     staged.source_updated_at >= greatest(
                         known.source_updated_at,
                         max(staged.source_updated_at) over (
                             partition by {staged_key}
                             order by staged.row_number
                             rows between unbounded preceding and 1 preceding
                         )
                     ),
                     true
                 ) as is_heard
             from {table} as staged
             join again using ({key})
             {known}
         ),
         folded as (
             select {key}, max(row_number) as row_number, {last}
             from told
             group by {key}
             having bool_or(is_heard)
         )
         update {table} as staged
         set {taken}
         from folded
         where staged.row_number = folded.row_number"
    )
}
