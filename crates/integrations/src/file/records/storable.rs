//! JSON that the database can store: PostgreSQL holds no U+0000 in text.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// How a NUL character is shown.
const SHOWN: &str = "\\0";
/// The member that says so; its text, not its name, is what tells it from a column.
const NOTE_NAME: &str = "(note)";
const NOTE: &str = "each NUL character (U+0000) is shown as \\0: the database stores none";

/// Makes an object of a record's fields; where NUL characters are shown, a note in it says so.
pub(crate) fn object(fields: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut has_nul = false;
    let mut object: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => Value::String(without_nul(text, &mut has_nul)),
                other => other,
            };
            (without_nul(name, &mut has_nul), value)
        })
        .collect();
    if has_nul {
        let mut name = NOTE_NAME.to_owned();
        while object.contains_key(&name) {
            name.push('*');
        }
        object.insert(name, NOTE.into());
    }
    Value::Object(object)
}

/// Makes JSON of text that could not be taken apart.
pub(crate) fn text(text: &str) -> Value {
    let mut has_nul = false;
    let mut shown = without_nul(text.to_owned(), &mut has_nul);
    if has_nul {
        shown = format!("{shown}\n({NOTE})");
    }
    Value::String(shown)
}

/// Undoes [`object`]: what was shown in place of a NUL character becomes one again.
pub(crate) fn restored(object: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    let is_note = |value: &Value| value.as_str() == Some(NOTE);
    if !object.values().any(is_note) {
        return Cow::Borrowed(object);
    }
    let fields = object.iter().filter(|(_, value)| !is_note(value)).map(|(name, value)| {
        let value = match value {
            Value::String(text) => Value::String(text.replace(SHOWN, "\0")),
            other => other.clone(),
        };
        (name.replace(SHOWN, "\0"), value)
    });
    Cow::Owned(fields.collect())
}

fn without_nul(text: String, has_nul: &mut bool) -> String {
    if !text.contains('\0') {
        return text;
    }
    *has_nul = true;
    text.replace('\0', SHOWN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_is_shown_with_a_note_and_comes_back() {
        let fields = [("a\0".to_owned(), json!("x\0y")), ("b".to_owned(), json!(1))];
        let stored = object(fields);
        assert_eq!(stored, json!({"a\\0": "x\\0y", "b": 1, "(note)": NOTE}));
        let restored = restored(stored.as_object().unwrap()).into_owned();
        assert_eq!(Value::Object(restored), json!({"a\0": "x\0y", "b": 1}));
    }

    #[test]
    fn text_that_only_looks_escaped_is_left_alone() {
        let stored = object([("a".to_owned(), json!("x\\0y"))]);
        assert_eq!(stored, json!({"a": "x\\0y"}));
        let object = stored.as_object().unwrap();
        assert_eq!(*restored(object), *object);
    }
}
