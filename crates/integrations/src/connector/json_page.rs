//! The records of a page as the vendor told them, taken apart again only for quarantine.

use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::records::{Draft, Withdrawn};
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
    objects: Vec<Box<str>>,
    parts: Vec<(u32, E)>,
    drafts: Vec<Result<Draft, Malformed>>,
    withdrawn: Vec<Withdrawn>,
}

impl<E: Excerpt + 'static> JsonPage<E> {
    /// Starts a page.
    pub(crate) const fn new() -> Self {
        Self { objects: Vec::new(), parts: Vec::new(), drafts: Vec::new(), withdrawn: Vec::new() }
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

    /// Takes back what was told before.
    pub(crate) fn withdraw(&mut self, withdrawn: Withdrawn) {
        self.withdrawn.push(withdrawn);
    }

    /// Hands over what the page takes back.
    pub(crate) fn take_withdrawn(&mut self) -> Vec<Withdrawn> {
        std::mem::take(&mut self.withdrawn)
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
    /// A vendor's lists have no fixed places: what is read again comes somewhere else. So a record is
    /// numbered by what it says. One that is refused is then kept once, however often it is read, and
    /// another never takes its place.
    fn position(&self, index: usize) -> Position {
        let Some((object, _)) = self.parts.get(index) else { return Position::default() };
        let first = self.parts.partition_point(|(other, _)| other < object);
        let text = self.objects.get(*object as usize).map(|text| &**text).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(((index - first) as u64).to_be_bytes());
        hash.update(text.as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&hash.finalize()[..8]);
        // Numbers in the database are signed and begin at 1.
        Position { record: (u64::from_be_bytes(head) >> 1).max(1), line: None }
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
        let mut page = JsonPage::new();
        page.begin_object(r#"{"a\u0000": ["x\u0000"]}"#);
        for _ in 0..2 {
            page.push(Whole, Err(Malformed { reason: "no record".to_owned() }));
        }
        page.begin_object("{broken");
        page.push(Whole, Err(Malformed { reason: "no record".to_owned() }));
        let (drafts, raw) = page.finish();
        assert_eq!(drafts.len(), 3);
        assert_eq!(raw.raw(1), json!({"a\\0": ["x\\0"]}));
        assert_eq!(raw.raw(2), json!("{broken"));
        assert_eq!(raw.raw(3), Value::Null);
        assert!(raw.memory_bytes() > 0);
    }

    #[test]
    fn a_record_has_the_same_number_wherever_it_comes_and_another_has_another() {
        let numbers = |texts: &[&str]| {
            let mut page = JsonPage::new();
            for text in texts {
                page.begin_object(text);
                for _ in 0..2 {
                    page.push(Whole, Err(Malformed { reason: "no record".to_owned() }));
                }
            }
            let (_, raw) = page.finish();
            (0..2 * texts.len()).map(|index| raw.position(index).record).collect::<Vec<_>>()
        };
        let (one, two) = (numbers(&["{}", "[]"]), numbers(&["1", "[]", "{}"]));
        assert_eq!(one[..2], two[4..]);
        assert_eq!(one[2..], two[2..4]);
        let different: std::collections::BTreeSet<_> = one.iter().chain(&two[..2]).collect();
        assert_eq!(different.len(), 6);
        assert!(one.iter().all(|number| (1..=i64::MAX as u64).contains(number)));
    }
}
