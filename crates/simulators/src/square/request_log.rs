//! The last requests, for tests that ask what a client did.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// How many requests are kept.
const KEPT: usize = 20_000;

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// Counts from 0.
    pub number: u64,
    /// The simulated time.
    pub at: Moment,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The merchant whose token it brought, if that was known.
    pub merchant_id: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// The fault that struck it.
    pub fault: Option<String>,
}

/// The last requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<LoggedRequest>,
    count: u64,
}

impl RequestLog {
    /// Writes a request down and gives it its number.
    pub(crate) fn add(&mut self, mut request: LoggedRequest) {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        request.number = self.count;
        self.count += 1;
        self.requests.push_back(request);
    }

    /// Returns the requests that are kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }

    /// Returns how many there were in all.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}
