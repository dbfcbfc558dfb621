//! What a source takes back of what it told before.

use jiff::Timestamp;

use crate::values::Text;

/// A line of sales, or an order with all of its lines, that its source tells to be none, or none any
/// more. Lines of it that are known become voids; where none is known, nothing comes of it. It is no
/// record, and counted nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The source's id of the line, or of the order: ids of its lines are the order's, a slash and their
    /// own.
    pub external_id: Text,
    /// The source's id of the store.
    pub store: Text,
    /// When the source created the line or the order, and with it each of its lines.
    pub occurred_at: Timestamp,
    /// Of which version that is: what is known in this one or a newer one stays.
    pub updated_at: Timestamp,
}
