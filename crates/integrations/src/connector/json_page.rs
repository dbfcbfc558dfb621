//! The records of a page as the vendor told them, taken apart again only for quarantine.

use std::sync::Arc;

use serde_json::{Map, Value};
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::{Malformed, RawRecords};

/// How a NUL character is shown: PostgreSQL stores none.
const NUL_SHOWN: &str = "\\0";

/// Which part of a vendor's object a record was read from.
pub(crate) trait Excerpt: Send + Sync {
    /// Reduces the object to what the record needs to be read again, and nothing personal.
    fn of(&self, object: Value) -> Value;
}

/// The records of one page, with the objects they were read from.
pub(crate) struct JsonPage<E> {
    first_record: u64,
    objects: Vec<Box<str>>,
    parts: Vec<(u32, E)>,
    drafts: Vec<Result<Draft, Malformed>>,
}

impl<E: Excerpt + 'static> JsonPage<E> {
    /// Starts a page behind that many records.
    pub(crate) const fn new(first_record: u64) -> Self {
        Self { first_record, objects: Vec::new(), parts: Vec::new(), drafts: Vec::new() }
    }

    /// Adds an object of the page; what is pushed next was read from it.
    pub(crate) fn begin_object(&mut self, text: &str) {
        self.objects.push(text.into());
    }

    /// Adds a record of the object that was begun last.
    pub(crate) fn push(&mut self, part: E, draft: Result<Draft, Malformed>) {
        let object = u32::try_from(self.objects.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.parts.push((object, part));
        self.drafts.push(draft);
    }

    /// Returns how many records it has.
    pub(crate) const fn len(&self) -> usize {
        self.parts.len()
    }

    /// Takes the page apart into records and what they were read from.
    pub(crate) fn finish(mut self) -> (Vec<Result<Draft, Malformed>>, Arc<dyn RawRecords>)
    where
        E: 'static,
    {
        (std::mem::take(&mut self.drafts), Arc::new(self))
    }
}

impl<E: Excerpt> RawRecords for JsonPage<E> {
    fn position(&self, index: usize) -> Position {
        Position { record: self.first_record + index as u64 + 1, line: None }
    }

    fn raw(&self, index: usize) -> Value {
        let Some((object, part)) = self.parts.get(index) else { return Value::Null };
        let text = self.objects.get(*object as usize).map(|text| &**text).unwrap_or_default();
        match serde_json::from_str(text) {
            Ok(object) => storable(part.of(object)),
            Err(_) => storable(Value::String(text.to_owned())),
        }
    }

    fn memory_bytes(&self) -> usize {
        self.objects.iter().map(|text| text.len()).sum::<usize>()
            + self.parts.len() * size_of::<(u32, E)>()
    }
}

/// Shows each NUL character, in names as in values.
fn storable(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => text.replace('\0', NUL_SHOWN).into(),
        Value::Array(values) => values.into_iter().map(storable).collect(),
        Value::Object(fields) => {
            let shown =
                |(name, value): (String, Value)| (name.replace('\0', NUL_SHOWN), storable(value));
            Value::Object(fields.into_iter().map(shown).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Whole;

    impl Excerpt for Whole {
        fn of(&self, object: Value) -> Value {
            object
        }
    }

    #[test]
    fn records_of_an_object_share_it_and_nul_is_shown() {
        let mut page = JsonPage::new(7);
        page.begin_object(r#"{"a\u0000": ["x\u0000"]}"#);
        for _ in 0..2 {
            page.push(Whole, Err(Malformed { reason: "no record".to_owned() }));
        }
        page.begin_object("{broken");
        page.push(Whole, Err(Malformed { reason: "no record".to_owned() }));
        let (drafts, raw) = page.finish();
        assert_eq!((drafts.len(), raw.position(2).record), (3, 10));
        assert_eq!(raw.raw(1), json!({"a\\0": ["x\\0"]}));
        assert_eq!(raw.raw(2), json!("{broken"));
        assert_eq!(raw.raw(3), Value::Null);
        assert!(raw.memory_bytes() > 0);
    }
}
