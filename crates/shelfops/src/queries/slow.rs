//! Looks after statements that were slow: what became of each, since it was last looked at.

use std::collections::HashMap;

use shelfops_advisor::workload::{Counters, Known, Seen, Standing, standing};
use shelfops_db::models::{SeenStatement, SlowState, SlowStatement};

use crate::ops::{Context, OpError};

/// The longest text that is kept of a statement.
const LONGEST: usize = 20_000;

/// A statement that may be slow.
pub(crate) struct Candidate {
    /// Its name.
    pub(crate) statement_id: String,
    /// Its text, without values.
    pub(crate) text: String,
    /// Its slowest run.
    pub(crate) max_ms: f64,
    /// What it takes on average.
    pub(crate) mean_ms: f64,
    /// How often it ran.
    pub(crate) calls: i64,
    /// Its runs since it was last looked at.
    pub(crate) lately: Option<Counters>,
}

/// Remembers which statements are slow, and returns all that ever were and are not settled.
pub(crate) async fn look_after(
    context: &Context,
    candidates: &[Candidate],
    threshold_ms: f64,
) -> Result<Vec<SlowStatement>, OpError> {
    let operator = context.database().await?.operator().await?;
    let known: HashMap<String, SlowStatement> = operator
        .slow_statements()
        .await?
        .into_iter()
        .map(|each| (each.statement_id.clone(), each))
        .collect();
    let seen: Vec<SeenStatement> = candidates
        .iter()
        .filter_map(|candidate| {
            let known = known
                .get(&candidate.statement_id)
                .map(|known| Known { standing: standing_of(known.state), max_ms: known.max_ms });
            let seen = Seen { max_ms: candidate.max_ms, lately: candidate.lately };
            let standing = standing(known, seen, threshold_ms)?;
            Some(SeenStatement {
                statement_id: candidate.statement_id.clone(),
                statement: shortened(&candidate.text),
                state: state_of(standing),
                max_ms: candidate.max_ms,
                mean_ms: candidate.mean_ms,
                calls: candidate.calls,
            })
        })
        .collect();
    operator.see_slow_statements(&seen).await?;
    let all = operator.slow_statements().await?;
    operator.commit().await?;
    Ok(all)
}

fn shortened(text: &str) -> String {
    let mut text = text.replace('\0', "");
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

const fn standing_of(state: SlowState) -> Standing {
    match state {
        SlowState::Open => Standing::Open,
        SlowState::Advised => Standing::Advised,
        SlowState::Fixed => Standing::Fixed,
        SlowState::Muted => Standing::Muted,
    }
}

const fn state_of(standing: Standing) -> SlowState {
    match standing {
        Standing::Open => SlowState::Open,
        Standing::Advised => SlowState::Advised,
        Standing::Fixed => SlowState::Fixed,
        Standing::Muted => SlowState::Muted,
    }
}
