//! The result: a table for people, and the same as JSON, kept beside each other.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::machine::Machine;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    figures: Vec<Figure>,
}

/// One figure and what it is held against.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: String,
    /// The figure as text, with its unit.
    pub(crate) value: String,
    /// The ratio, where the figure is one.
    pub(crate) ratio: Option<f64>,
    /// What was wanted.
    pub(crate) goal: String,
}

impl Report {
    pub(crate) const fn new(machine: Machine) -> Self {
        Self { machine, figures: Vec::new() }
    }

    /// Adds a figure and tells of it at once.
    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        value: impl Into<String>,
        ratio: Option<f64>,
        goal: &str,
    ) {
        let figure =
            Figure { what: what.into(), value: value.into(), ratio, goal: goal.to_owned() };
        eprintln!("  {}: {} {}", figure.what, figure.value, shown(figure.ratio));
        self.figures.push(figure);
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        use std::io::Write as _;

        let _ = std::io::stdout().write_all(self.markdown().as_bytes());
    }

    /// Keeps the last result.
    pub(crate) fn keep(&self, directory: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)?;
        std::fs::write(directory.join("latest.md"), self.markdown())?;
        std::fs::write(directory.join("latest.json"), serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = String::from("# Last benchmark\n\n");
        for line in self.machine.lines() {
            let _ = writeln!(text, "- {line}");
        }
        text.push_str("\n| what | figure | ratio | goal |\n|---|---:|---:|---:|\n");
        for figure in &self.figures {
            let Figure { what, value, ratio, goal } = figure;
            let _ = writeln!(text, "| {what} | {value} | {} | {goal} |", shown(*ratio));
        }
        text
    }
}

fn shown(ratio: Option<f64>) -> String {
    ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
}

/// Returns the middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Writes thousands a second.
pub(crate) fn rate(rows: u64, seconds: f64) -> String {
    format!("{:.1}k rows/s", rows as f64 / seconds / 1_000.0)
}
