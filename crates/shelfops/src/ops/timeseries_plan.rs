//! Says what the policies of time series do now, whether they fit, and what the disk will have to hold.

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_advisor::drift::Weight;
use shelfops_db::DescribedSeries;
use shelfops_db::models::{Plan, PlanRuns};

use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::{Draft, DraftStep, propose};
use crate::series::{Change, SeriesPlan, page, plan};

/// Says what the policies of time series do now.
pub(crate) struct TimeseriesPlan;

/// Which table, and which settings to try.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The table; all where none is named
    #[serde(default)]
    pub(crate) table: Option<String>,
    /// Try another age at which chunks are compressed, such as `45 days`, or `never`
    #[arg(long, value_name = "AGE")]
    #[serde(default)]
    pub(crate) compress_after: Option<String>,
    /// Try another age at which chunks are dropped, such as `2 years`, or `forever`
    #[arg(long, value_name = "AGE")]
    #[serde(default)]
    pub(crate) retain: Option<String>,
    /// Keep these settings as a plan, to be approved and applied
    #[arg(long)]
    #[serde(default)]
    pub(crate) plan: bool,
}

/// What is planned.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Plans {
    /// One a table.
    pub(crate) series: Vec<SeriesPlan>,
    /// The policies that run by themselves, with when each went well last.
    pub(crate) policies: Vec<Value>,
    /// Up to where rollups are kept apart from their lines; null where they are exact at every moment.
    pub(crate) rolled_up_to: Option<String>,
    /// What the whole database takes on disk, in bytes.
    pub(crate) database_bytes: i64,
    /// The number of the plan that was made of the settings.
    pub(crate) plan: Option<i64>,
}

impl Operation for TimeseriesPlan {
    const NAME: &'static str = "timeseries plan";
    const SUMMARY: &'static str = "Say what compression and retention touch now, and what is ahead";
    const DETAILS: &'static str = "\
  shelfops timeseries plan
  shelfops timeseries plan transactions --retain '2 years'
Chunks that would be compressed or dropped this minute are listed with their bytes; chunk length is judged by \
what is written a day and the memory there is; rollups must have what retention drops. Nothing is changed; \
with --plan the settings are kept as a plan. Exits with 3 when policies would lose rows or figures.";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Plans;

    async fn run(context: &Context, input: Input) -> Result<Output<Plans>, OpError> {
        let change = Change {
            compress_after: input
                .compress_after
                .as_deref()
                .map(|it| setting(it, "never"))
                .transpose()?,
            retain_for: input.retain.as_deref().map(|it| setting(it, "forever")).transpose()?,
        };
        let operator = context.database().await?.operator().await?;
        let engine = operator.timeseries_engine().await?;
        let all = operator.describe_time_series().await?;
        let policies = operator.time_series_policies().await?;
        let around = operator.time_series_surroundings().await?;
        operator.commit().await?;
        let described: Vec<&DescribedSeries> = all
            .iter()
            .filter(|each| input.table.as_ref().is_none_or(|table| *table == each.table))
            .collect();
        if let (Some(table), true) = (&input.table, described.is_empty()) {
            let names: Vec<&str> = all.iter().map(|series| series.table.as_str()).collect();
            return Err(OpError::not_found(format!(
                "there is no time series '{table}'; there are {}",
                names.join(" and ")
            )));
        }
        let series: Vec<SeriesPlan> =
            described.iter().map(|each| plan(each, &all, engine, &around, change)).collect();
        let page = page(&series, &policies, &around);
        let made = match (input.plan, &*described, &*series) {
            (false, ..) => None,
            (true, [described], [series]) => Some(make(context, described, series, change).await?),
            _ => return Err(OpError::usage("settings are of one table: name it")),
        };
        let plans = Plans {
            series,
            policies: policies.iter().map(|policy| json!(policy)).collect(),
            rolled_up_to: around.rolled_up_to.map(|at| at.to_string()),
            database_bytes: around.database_bytes,
            plan: made.as_ref().map(|plan| plan.plan_id),
        };
        let output = told(plans).page(page);
        Ok(match made {
            None => output,
            Some(plan) => output.next(
                format!("shelfops plan show {}", plan.plan_id),
                "shows the plan that was made",
            ),
        })
    }
}

/// Makes a plan of settings, with the chunks that they drop and compress at once.
async fn make(
    context: &Context,
    described: &DescribedSeries,
    planned: &SeriesPlan,
    change: Change,
) -> Result<Plan, OpError> {
    if change.compress_after.is_none() && change.retain_for.is_none() {
        return Err(OpError::usage("say what to change: --retain or --compress-after, or both"));
    }
    if planned.is_refused {
        return Err(OpError::conflict(format!(
            "no plan is made of settings that the server would refuse: {}",
            planned.faults.join("; ")
        )));
    }
    if planned.loses_data {
        return Err(OpError::conflict(format!(
            "no plan is made of settings that lose rows or figures: {}",
            planned.faults.join("; ")
        )));
    }
    let table = &described.table;
    let compress_after = change.compress_after.unwrap_or(described.compress_after);
    let retain_for = change.retain_for.unwrap_or(described.retain_for);
    let drops_sooner = match (described.retain_for, retain_for) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    let back = described.keep_statement(described.compress_after, described.retain_for);
    let mut step = DraftStep::of_sql(described.keep_statement(compress_after, retain_for));
    if drops_sooner {
        // A worker does it afterwards; the text does not tell.
        step.weight = Weight::Destroys;
    }
    // The table has a view's name where an engine guards it, so its size is that of the chunks.
    let rows: i64 = described.chunks.iter().map(|chunk| chunk.rows.max(0)).sum();
    let bytes: i64 = described.chunks.iter().map(|chunk| chunk.bytes).sum();
    let draft = Draft {
        kind: "timeseries-settings",
        title: format!("keep {table} otherwise"),
        runs: PlanRuns::Statements,
        steps: vec![step],
        reversal: if drops_sooner {
            format!("-- What was dropped until then does not come back.\n{back};\n")
        } else {
            format!("{back};\n")
        },
        tables: Vec::new(),
        touches: json!({
            "tables": [{ "table": format!("public.{table}"), "rows": rows, "bytes": bytes }],
            "rows": rows,
            "bytes": bytes,
            "chunks_to_drop": planned.retention["chunks"],
            "bytes_to_drop": planned.retention["bytes"],
            "chunks_to_compress": planned.compression["chunks"],
        }),
    };
    propose(context, draft).await
}

fn told(plans: Plans) -> Output<Plans> {
    let faults: Vec<String> =
        plans.series.iter().flat_map(|series| series.faults.iter().cloned()).collect();
    let loses_data = plans.series.iter().any(|series| series.loses_data);
    let longer: Vec<(String, String)> = plans
        .series
        .iter()
        .filter_map(|series| {
            let (length, because) = series.other_length()?;
            Some((
                format!("chunks of {} would fit better with {length}", series.table),
                because.to_owned(),
            ))
        })
        .collect();
    let summary = match (faults.len(), loses_data) {
        (0, _) => format!(
            "{} planned; nothing is wrong with their order",
            counted(plans.series.len(), "table")
        ),
        (count, false) => format!(
            "{} with the order of policies; nothing is lost by it",
            counted(count, "problem")
        ),
        (count, true) => format!(
            "{} with the order of policies: rows or figures would be lost",
            counted(count, "problem")
        ),
    };
    let mut output = Output::new(summary, plans);
    for (claim, evidence) in longer {
        output = output.why(claim, evidence);
    }
    for fault in faults {
        output = output.risk(fault);
    }
    if loses_data { output.verdict(Verdict::Problems) } else { output }
}

/// Reads an age, or the word that there is none.
fn setting(text: &str, none: &str) -> Result<Option<SignedDuration>, OpError> {
    if text.trim().eq_ignore_ascii_case(none) { Ok(None) } else { age(text).map(Some) }
}

/// Reads an age; years and months count from today.
fn age(text: &str) -> Result<SignedDuration, OpError> {
    let wrong = |why: String| {
        OpError::usage(format!(
            "'{text}' is no age: {why}; write one such as '45 days' or '2 years'"
        ))
    };
    let span: Span = text.trim().parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
    let now = TimeZone::UTC.to_datetime(Timestamp::now());
    let then = now.checked_sub(span).map_err(|error| wrong(error.to_string()))?;
    let age = now.duration_since(then);
    if age <= SignedDuration::ZERO {
        return Err(wrong("it must be longer than nothing".to_owned()));
    }
    Ok(age)
}
