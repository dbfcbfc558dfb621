//! Encrypts every secret anew with the present key.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::sync::{add_key, reseal};

/// Encrypts every secret anew.
pub(crate) struct SecretRotate;

/// Whether a key is made first.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Make a key and put it before the others in their file
    #[arg(long)]
    #[serde(default)]
    pub(crate) new_key: bool,
}

/// What was encrypted anew.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rotated {
    /// The key that everything is encrypted with now.
    key_id: String,
    /// How many secrets were encrypted anew.
    secrets: u64,
    /// How many were encrypted with it before.
    unchanged: u64,
}

impl Operation for SecretRotate {
    const NAME: &'static str = "secret rotate";
    const SUMMARY: &'static str = "Encrypt every stored secret anew with the first of the keys";
    const DETAILS: &'static str = "The keys are in the file that SHELFOPS_SECRET_KEY_FILE names, one a line and the present one first,\n\
         or in SHELFOPS_SECRET_KEY. Give every machine the new key before the others lose the old one:\n\
         a secret tells which key it was encrypted with, and all of them open what they sealed.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Rotated;

    async fn run(context: &Context, input: Input) -> Result<Output<Rotated>, OpError> {
        if input.new_key {
            add_key(&context.config().secret_keys())?;
        }
        let (key_id, changed, unchanged) = reseal(context).await?;
        let data = Rotated { key_id: key_id.to_string(), secrets: changed, unchanged };
        let told = format!(
            "{} encrypted anew with key {key_id}, {unchanged} had it before",
            counted(changed, "secret")
        );
        Ok(Output::new(told, data).risk(
            "keep the old keys for as long as a backup of the database is that was made before",
        ))
    }
}
