//! The advisor's transaction: how it ends for as long as nothing is asked in it, and what else is asked in it.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::{AdvisedIndex, Advisor, Asker, Request, Statement};
use crate::indexes::{AdviceError, Rejected, doing};

/// Readies a transaction to advise in; answers what makes it whoever asks.
pub(super) async fn entered(
    client: &Client,
    asker: Option<&Asker>,
) -> Result<Option<String>, AdviceError> {
    // While a proof builds and measures elsewhere, a transaction that did not write stays open and waits as long
    // as it takes; one that wrote is ended (see `rest`).
    client
        .batch_execute("set local idle_in_transaction_session_timeout = 0")
        .await
        .map_err(doing("begin to advise"))?;
    let began = client
        .query_one("select extract(epoch from transaction_timestamp())::text", &[])
        .await
        .map_err(doing("begin to advise"))?;
    Ok(asker.map(|asker| asker.enter(began.get(0))))
}

impl Advisor<'_> {
    /// Ends the transaction until there is something to ask, where HypoPG was created in it: what a transaction
    /// that wrote began with, no vacuum takes away.
    pub(crate) async fn rest(&mut self) -> Result<(), AdviceError> {
        if !self.rests && self.search.wrote() {
            self.client.batch_execute("rollback").await.map_err(doing("end the transaction"))?;
            self.rests = true;
            // Outside of a transaction another setting ends sessions that wait. Before 14 there is none.
            let _ = self.client.batch_execute("set idle_session_timeout = 0").await;
        }
        Ok(())
    }

    /// Chooses indexes for other statements, within so many bytes, as if there were none but those that are
    /// there. Answers also which of them were not taken, and why.
    pub(crate) async fn advise_beside(
        &mut self,
        statements: Vec<Statement>,
        bytes: f64,
    ) -> Result<(Vec<AdvisedIndex>, Vec<Rejected>), AdviceError> {
        self.go_on().await?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not below zero, and a size beyond 64 bits is as good as the largest"
        )]
        let budget_bytes = Some(bytes.max(0.0) as u64);
        let request =
            Request { statements, budget_bytes, may_be_old: false, ..self.request.clone() };
        let found = match Advisor::begin(self.client, request).await {
            Ok(mut other) => {
                let advice = other.advise(&BTreeSet::new()).await?;
                other.end().await?;
                let rejected = advice.rejected.into_iter().filter(Rejected::is_of_index).collect();
                (advice.indexes, rejected)
            }
            Err(AdviceError::NoPlan(_)) => (Vec::new(), Vec::new()),
            Err(error) => return Err(error),
        };
        // All that is hypothetical was the other's.
        self.search.forget().await?;
        self.rest().await?;
        Ok(found)
    }

    /// Goes on in another transaction, where one was ended.
    pub(super) async fn go_on(&mut self) -> Result<(), AdviceError> {
        if self.rests {
            self.client.batch_execute("begin").await.map_err(doing("go on advising"))?;
            self.enter = entered(self.client, self.request.asker.as_ref()).await?;
            self.search.again(self.enter.clone()).await?;
            self.rests = false;
        }
        Ok(())
    }
}
