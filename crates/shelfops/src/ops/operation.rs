//! What an operation is, typed for who writes it and erased for who lists it.

use std::future::Future;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shelfops_db::models::AuditEntry;

use super::principal::{Access, AccessKind, Scope};
use super::{Context, OpError, Output};

/// Whether an operation leaves things as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    /// It only looks.
    Reads,
    /// It changes rows or schema.
    Changes,
}

/// One thing that the product can do.
pub(crate) trait Operation: Sync + 'static {
    /// Noun and verb, or one word.
    const NAME: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// What a user should know besides, with an example.
    const DETAILS: &'static str = "";
    /// Whether it changes anything.
    const EFFECT: Effect;

    /// Who may run it. Where nothing is said, the operator alone.
    const ACCESS: Access<Self::Input> = Access::Operator;
    /// What a key must be allowed to.
    const SCOPE: Scope = match Self::EFFECT {
        Effect::Reads => Scope::Read,
        Effect::Changes => Scope::Write,
    };

    /// What it is told.
    type Input: Args + Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers.
    type Data: Serialize + JsonSchema + Send + 'static;

    /// Whose data it changes: an entry in that tenant's audit log remembers it.
    fn changes_tenant(_input: &Self::Input) -> Option<&str> {
        None
    }

    /// Does it.
    fn run(
        context: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Output<Self::Data>, OpError>> + Send;
}

/// An operation whose types are erased: how the faces see it.
pub(crate) trait AnyOperation: Sync {
    /// Noun and verb, or one word.
    fn name(&self) -> &'static str;
    /// What it does, in one line.
    fn summary(&self) -> &'static str;
    /// What a user should know besides.
    fn details(&self) -> &'static str;
    /// Whether it changes anything.
    fn effect(&self) -> Effect;
    /// Who may run it.
    fn access(&self) -> AccessKind;
    /// What a key must be allowed to.
    fn scope(&self) -> Scope;
    /// The JSON schema of what it is told.
    fn input_schema(&self) -> Schema;
    /// The JSON schema of what it answers.
    fn output_schema(&self) -> Schema;
    /// Adds its arguments to a command.
    fn augment(&self, command: Command) -> Command;
    /// Does it, told by a command line.
    fn run_matches<'a>(
        &'a self,
        context: &'a Context,
        matches: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<Output<Value>, OpError>>;
    /// Does it, told by JSON.
    fn run_json<'a>(
        &'a self,
        context: &'a Context,
        input: Value,
    ) -> BoxFuture<'a, Result<Output<Value>, OpError>>;
}

impl<O: Operation> AnyOperation for O {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn summary(&self) -> &'static str {
        O::SUMMARY
    }

    fn details(&self) -> &'static str {
        O::DETAILS
    }

    fn effect(&self) -> Effect {
        O::EFFECT
    }

    fn access(&self) -> AccessKind {
        O::ACCESS.kind()
    }

    fn scope(&self) -> Scope {
        O::SCOPE
    }

    fn input_schema(&self) -> Schema {
        schema_for!(O::Input)
    }

    fn output_schema(&self) -> Schema {
        // What is left out where it is empty is not promised.
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Output<O::Data>>()
    }

    fn augment(&self, command: Command) -> Command {
        O::Input::augment_args(command)
    }

    fn run_matches<'a>(
        &'a self,
        context: &'a Context,
        matches: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<Output<Value>, OpError>> {
        async move {
            let input = O::Input::from_arg_matches(matches)
                .map_err(|error| OpError::usage(error.to_string()))?;
            run_audited::<O>(context, input).await
        }
        .boxed()
    }

    fn run_json<'a>(
        &'a self,
        context: &'a Context,
        input: Value,
    ) -> BoxFuture<'a, Result<Output<Value>, OpError>> {
        async move {
            // Who may not run it at all is not told what it wants to be told.
            context.principal().may_run(O::ACCESS.kind(), O::SCOPE)?;
            let input = serde_json::from_value(input).map_err(|error| {
                OpError::usage(format!("the input of {} is not right: {error}", O::NAME))
            })?;
            run_audited::<O>(context, input).await
        }
        .boxed()
    }
}

/// Runs an operation for who may, and remembers it where it changed a tenant's data.
async fn run_audited<O: Operation>(
    context: &Context,
    input: O::Input,
) -> Result<Output<Value>, OpError> {
    context.principal().may_run(O::ACCESS.kind(), O::SCOPE)?;
    if let Access::Tenant(tenant_of) = O::ACCESS {
        context.principal().may_name(tenant_of(&input))?;
    }
    let tenant = O::changes_tenant(&input).map(str::to_owned);
    let told = json!(input);
    let outcome = O::run(context, input).await;
    if let Some(tenant) = tenant {
        let (state, detail) = match &outcome {
            Ok(output) => ("done", output.summary.join("; ")),
            Err(error) => ("failed", error.to_string()),
        };
        let principal = context.principal().to_string();
        let entry = AuditEntry {
            principal: &principal,
            operation: O::NAME,
            input: told,
            outcome: state,
            detail: Some(detail),
        };
        // The change itself is done by now, so a log that cannot be written is told, not failed
        // for; where nothing was done, the same reason has been told already.
        if let Err(error) = context.audit(&tenant, &entry).await
            && outcome.is_ok()
        {
            tracing::warn!(operation = O::NAME, error = %error, "the audit log was not written");
        }
    }
    outcome?.erase()
}
