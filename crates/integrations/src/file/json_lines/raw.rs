//! A JSON record as quarantine keeps it: flat, so that it reads like the columns it was mapped by.

use serde_json::{Map, Number, Value};

use super::flatten::{Told, flatten};
use crate::file::records::storable;

/// Makes the object that is kept of a line: its fields by their flat names; a number as such only
/// where that keeps its digits.
pub(crate) fn raw_object(line: &str) -> Value {
    let mut fields = Vec::new();
    let walked = flatten(line, |name, told| {
        let value = match told {
            Told::Null => Value::Null,
            Told::Decoded(text) => Value::String(text.into_owned()),
            Told::Within { start, end } => {
                let text = &line[start..end];
                let is_quoted = line[..start].ends_with('"');
                if is_quoted { Value::String(text.to_owned()) } else { scalar(text) }
            }
        };
        fields.push((name.to_owned(), value));
        Ok(())
    });
    match walked {
        Ok(()) => storable::object(fields),
        Err(_) => storable::text(line),
    }
}

/// Returns the fields of an object with their text, as a line of JSON with the same content would
/// give them.
pub(crate) fn flat_fields(object: &Map<String, Value>) -> Vec<(String, Option<String>)> {
    let mut fields = Vec::with_capacity(object.len());
    add_fields(object, "", &mut fields);
    fields
}

fn add_fields(
    object: &Map<String, Value>,
    prefix: &str,
    fields: &mut Vec<(String, Option<String>)>,
) {
    for (name, value) in object {
        let name = format!("{prefix}{name}");
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Object(inner) => {
                add_fields(inner, &format!("{name}."), fields);
                continue;
            }
            other => Some(other.to_string()),
        };
        fields.push((name, text));
    }
}

/// Reads a number, a word or an array; what JSON would write in other digits stays text.
fn scalar(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<Number>() {
            Ok(number) if number.to_string() == text => Value::Number(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_has_the_digits_of_the_line() {
        let line = r#"{"id": 12345678901234567890123, "price": 1.50, "quantity": 3, "net": 19.99,
            "big": 1e400, "tags": [1, 2], "at": {"store": "S1", "ok": true}, "none": null}"#;
        let raw = raw_object(line);
        assert_eq!(
            raw,
            json!({
                "id": "12345678901234567890123", "price": "1.50", "quantity": 3, "net": 19.99,
                "big": "1e400", "tags": "[1, 2]", "at.store": "S1", "at.ok": true, "none": null
            })
        );
        let texts = flat_fields(raw.as_object().unwrap());
        assert_eq!(texts[1], ("price".to_owned(), Some("1.50".to_owned())));
        assert_eq!(texts[3], ("net".to_owned(), Some("19.99".to_owned())));
        assert_eq!(texts[7], ("at.ok".to_owned(), Some("true".to_owned())));
    }
}
