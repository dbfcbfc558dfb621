//! Says why a slow statement may be slow.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{Deciding, SlowState};

use super::{Context, Effect, OpError, Operation, Output};

/// Mutes a slow statement, or lets it be told of again.
pub(crate) struct QueryMute;

/// Which, and why.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The statement, as `query top` names it
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub(crate) id: String,
    /// Why it may be slow
    #[arg(long, required_unless_present = "undo")]
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Open it again
    #[arg(long, conflicts_with = "reason")]
    #[serde(default)]
    pub(crate) undo: bool,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Muted {
    id: String,
    state: &'static str,
    reason: Option<String>,
    statement: String,
}

impl Operation for QueryMute {
    const NAME: &'static str = "query mute";
    const SUMMARY: &'static str =
        "Say why a slow statement may be slow, so that it is not told of again";
    const DETAILS: &'static str = "\
  shelfops query mute 6775808104214296680 --reason 'the yearly report, at night'";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Muted;

    async fn run(context: &Context, input: Input) -> Result<Output<Muted>, OpError> {
        let reason = input.reason.as_deref().map(str::trim).unwrap_or_default();
        let (state, reason) = match (input.undo, reason) {
            (true, _) => (SlowState::Open, "opened again"),
            (false, "") => return Err(OpError::usage("say why with --reason")),
            (false, reason) if reason.len() > 2_000 => {
                return Err(OpError::usage("a reason has 2000 characters at most"));
            }
            (false, reason) => (SlowState::Muted, reason),
        };
        let by = context.principal().to_string();
        let operator = context.database().await?.operator().await?;
        let decided =
            operator.decide_slow_statement(&input.id, Deciding { state, reason, by: &by }).await?;
        operator.commit().await?;
        let muted = Muted {
            id: decided.statement_id,
            state: decided.state.name(),
            reason: decided.reason,
            statement: decided.statement,
        };
        Ok(Output::new(format!("{} is {}", muted.id, muted.state), muted))
    }
}
