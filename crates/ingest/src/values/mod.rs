//! From text to typed values, without guessing: what cannot be read keeps its text and a reason.

mod currency;
mod field;
mod moment;
mod number;
mod reader;
mod time_format;
mod zones;

pub use currency::{Currency, UnknownCurrency};
pub use field::{Field, Text, Unreadable, UnreadableKind};
pub use moment::Moment;
pub use number::{NumberFormat, parse_number};
pub use reader::{Conventions, FieldReader, FieldSpec, ValueKind};
pub use time_format::{TimeFormat, parse_date, parse_time};
pub use zones::StoreZones;
