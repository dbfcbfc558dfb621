//! Shows a run's progress, and passes the user's wish to stop on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use shelfops_ingest::batch::Totals;
use shelfops_ingest::pipeline::{Observer, Progress};

use crate::ops::context::{Talk, TaskProgress};

/// Shows one run.
pub(crate) struct RunObserver {
    label: String,
    length: Option<u64>,
    started: Instant,
    talk: Arc<dyn Talk>,
    committed: Mutex<Totals>,
}

impl RunObserver {
    pub(crate) fn new(label: String, length: Option<u64>, talk: Arc<dyn Talk>) -> Self {
        let committed = Mutex::default();
        Self { label, length, started: Instant::now(), talk, committed }
    }

    /// Returns what became of the records of committed batches, also when the run failed.
    pub(crate) fn committed(&self) -> Totals {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for RunObserver {
    fn progress(&self, progress: &Progress) {
        let totals = &progress.totals;
        totals.clone_into(&mut self.committed.lock().unwrap_or_else(PoisonError::into_inner));
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        // Where nobody knows how much there is, what has come is at least seen to grow.
        let fetched = match self.length {
            Some(_) => String::new(),
            None => format!("{:.1} MiB read, ", progress.bytes_read as f64 / 1_048_576.0),
        };
        let note = format!(
            "{fetched}{} records, {} quarantined, {}/s",
            grouped(totals.read),
            grouped(totals.quarantined_count()),
            grouped((totals.read as f64 / seconds) as u64),
        );
        self.talk.progress(&TaskProgress {
            label: self.label.clone(),
            position: progress.bytes_read,
            length: self.length,
            note,
        });
    }

    fn should_stop(&self) -> bool {
        self.talk.should_stop()
    }
}

fn grouped(number: u64) -> String {
    crate::cli::grouped(&number.to_string())
}
