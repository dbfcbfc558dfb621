//! A value as a source told it: absent, unreadable, or there.

use compact_str::CompactString;

/// Text of a record; up to 24 bytes live inline, which covers nearly all ids and codes.
pub type Text = CompactString;

/// A value that may be missing or unreadable; the rules decide what that means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The source said nothing.
    #[default]
    Absent,
    /// The source said something that is no `T`.
    Unreadable(Box<Unreadable>),
    /// The value.
    Value(T),
}

/// What a source said where a typed value was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which kind of value was expected.
    pub kind: UnreadableKind,
    /// Why the text is not such a value, as a clause that follows the field's name.
    pub reason: String,
}

/// The kind of value that was expected where an unreadable one stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadableKind {
    /// A decimal number.
    Number,
    /// A point in time or a day.
    Time,
    /// A word of a fixed list, such as a transaction type.
    Type,
    /// An ISO 4217 currency code.
    Currency,
    /// Text that cannot be stored.
    Text,
}

impl<T> Field<T> {
    /// Makes an unreadable field.
    pub fn unreadable(kind: UnreadableKind, reason: impl Into<String>) -> Self {
        Self::Unreadable(Box::new(Unreadable { kind, reason: reason.into() }))
    }

    /// Returns the value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Takes the value, if there is one.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Returns what stands in the way of a value, if anything was said at all.
    pub fn problem(&self) -> Option<&Unreadable> {
        match self {
            Self::Unreadable(unreadable) => Some(unreadable),
            Self::Absent | Self::Value(_) => None,
        }
    }

    /// Whether the source said nothing.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

/// Quotes a source's text for a reason, shortened so that a reason stays one line.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 60;
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => format!("'{}'", text.escape_debug()),
        Some((end, _)) => format!("'{}…' ({} bytes)", text[..end].escape_debug(), text.len()),
    }
}
