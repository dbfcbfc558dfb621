//! How a rehearsal tells of itself while it runs.

/// How far something has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is being done.
    pub doing: String,
    /// How much of it is done.
    pub done: u64,
    /// How much there is, where that is known.
    pub of: Option<u64>,
}

/// Who hears of progress.
pub type Watch<'w> = &'w (dyn Fn(Progress) + Send + Sync);

impl Progress {
    /// Something without a measure has begun.
    pub fn begun(doing: impl Into<String>) -> Self {
        Self { doing: doing.into(), done: 0, of: None }
    }
}
