//! Talk on stderr: lines, and a progress bar where a person watches.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::ops::context::{Talk, TaskProgress};

/// How often progress is told where nobody watches.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// A terminal, or a log that a terminal was redirected to.
pub(super) struct Terminal {
    is_quiet: bool,
    is_watched: bool,
    stop: AtomicBool,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    bar: Option<ProgressBar>,
    logged_at: Option<Instant>,
}

impl Terminal {
    pub(super) fn new(is_quiet: bool) -> Self {
        Self {
            is_quiet,
            is_watched: std::io::stderr().is_terminal(),
            stop: AtomicBool::new(false),
            shown: Mutex::default(),
        }
    }

    /// Asks for an orderly stop.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn with_shown<T>(&self, change: impl FnOnce(&mut Shown) -> T) -> T {
        // A panic elsewhere must not silence the terminal.
        let mut shown = self.shown.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        change(&mut shown)
    }

    fn log(&self, progress: &TaskProgress) {
        let is_due = self.with_shown(|shown| {
            // What is done before the first interval is over is not worth a line.
            let logged_at = *shown.logged_at.get_or_insert_with(Instant::now);
            let is_due = logged_at.elapsed() >= LOG_INTERVAL;
            if is_due {
                shown.logged_at = Some(Instant::now());
            }
            is_due
        });
        if is_due && progress.position > 0 {
            let share = progress
                .length
                .filter(|length| *length > 0)
                .map(|length| format!(" {}%", progress.position * 100 / length))
                .unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "{}{share} {}", progress.label, progress.note);
        }
    }
}

impl Talk for Terminal {
    fn say(&self, line: &str) {
        if self.is_quiet {
            return;
        }
        let bar = self.with_shown(|shown| shown.bar.clone());
        match bar {
            Some(bar) => bar.suspend(|| {
                let _ = writeln!(std::io::stderr(), "{line}");
            }),
            None => {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    }

    fn progress(&self, progress: &TaskProgress) {
        if self.is_quiet {
            return;
        }
        if !self.is_watched {
            return self.log(progress);
        }
        let bar =
            self.with_shown(|shown| shown.bar.get_or_insert_with(|| new_bar(progress)).clone());
        bar.set_prefix(progress.label.clone());
        bar.set_message(progress.note.clone());
        bar.set_position(progress.position);
    }

    fn done(&self) {
        let bar = self.with_shown(|shown| {
            shown.logged_at = None;
            shown.bar.take()
        });
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What is said besides the bar is cut where the terminal ends: a bar of two lines would flicker. It is
/// drawn with everything from the first time on.
fn new_bar(progress: &TaskProgress) -> ProgressBar {
    let (bar, template) = match progress.length {
        Some(length) => (
            ProgressBar::new(length),
            "{prefix:16} [{bar:16}] {percent:>3}% eta {eta:>4} {wide_msg}",
        ),
        None => (ProgressBar::new_spinner(), "{prefix:16} {spinner} {wide_msg}"),
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    bar.with_style(style)
        .with_prefix(progress.label.clone())
        .with_message(progress.note.clone())
        .with_position(progress.position)
}

/// The first interrupt asks for an orderly stop, the second ends the process. What supervisors send
/// to end a service counts as one.
pub(super) async fn listen_for_interrupts(terminal: Arc<Terminal>) {
    let (Ok(mut interrupts), Ok(mut terminations)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    for is_first in [true, false] {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        if is_first {
            terminal.stop();
            terminal.say("stopping after the batch at hand; once more to stop at once");
        }
    }
    std::process::exit(130);
}
