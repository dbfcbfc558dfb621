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
            position: done(progress),
            length: self.length,
            note,
        });
    }

    fn should_stop(&self) -> bool {
        self.talk.should_stop()
    }
}

/// Returns how far the work has come, in bytes of the source: what is read and waits for its batch to be
/// committed is half done. A small file is read long before the first batch is committed.
fn done(progress: &Progress) -> u64 {
    progress.bytes_committed.midpoint(progress.bytes_read)
}

fn grouped(number: u64) -> String {
    crate::cli::grouped(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers the positions it was told.
    #[derive(Default)]
    struct Positions(Mutex<Vec<u64>>);

    impl Talk for Positions {
        fn say(&self, _line: &str) {}

        fn progress(&self, progress: &TaskProgress) {
            self.0.lock().unwrap().push(progress.position);
        }

        fn done(&self) {}

        fn should_stop(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_file_is_done_when_its_last_batch_is_committed_and_not_when_it_is_read() {
        let talk = Arc::new(Positions::default());
        let observer = RunObserver::new("sales.csv".to_owned(), Some(100), talk.clone());
        for (bytes_read, bytes_committed) in [(40, 0), (100, 0), (100, 60), (100, 100)] {
            let totals = Totals::default();
            observer.progress(&Progress { bytes_read, bytes_committed, totals });
        }
        assert_eq!(*talk.0.lock().unwrap(), [20, 50, 80, 100]);
    }
}
