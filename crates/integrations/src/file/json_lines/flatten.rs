//! Walks through the fields of a JSON object, those of objects within it too.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How deep objects may be nested: enough for any record, and a bound on the work for hostile ones.
const DEEPEST: usize = 16;

/// What a field says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// Nothing.
    Null,
    /// The text between these bytes of the line, as it stands there: a number exactly as written,
    /// an array as JSON.
    Within { start: usize, end: usize },
    /// Text that stands in the line with escapes.
    Decoded(Cow<'a, str>),
}

/// Calls `each` for every field of the object in `line`, by its name with those of the objects
/// around it.
///
/// # Errors
/// Says why the line holds no object, or what `each` says.
pub(super) fn flatten<'a>(
    line: &'a str,
    mut each: impl FnMut(&str, Told<'a>) -> Result<(), String>,
) -> Result<(), String> {
    let start = line.trim_start();
    if !start.starts_with('{') {
        return Err("it is no JSON object: JSON Lines has one a line, from { to }".to_owned());
    }
    let mut walk = Walk { line, name: String::new(), each: &mut each };
    walk.object(line, 0)
}

struct Walk<'a, 'e> {
    line: &'a str,
    name: String,
    each: Each<'a, 'e>,
}

type Each<'a, 'e> = &'e mut dyn FnMut(&str, Told<'a>) -> Result<(), String>;

impl<'a> Walk<'a, '_> {
    fn object(&mut self, json: &'a str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("its objects are nested more than {DEEPEST} deep"));
        }
        let mut refused = None;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let visitor = ObjectVisitor(|name: &str, raw: &'a RawValue| {
            self.field(name, raw.get(), depth).map_err(|reason| refused = Some(reason)).is_ok()
        });
        let walked = deserializer.deserialize_map(visitor).and_then(|()| deserializer.end());
        match (refused, walked) {
            (Some(reason), _) => Err(reason),
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => Err(not_json(&error)),
        }
    }

    fn field(&mut self, name: &str, json: &'a str, depth: usize) -> Result<(), String> {
        let outer = self.name.len();
        self.name.push_str(name);
        let result = match json.as_bytes().first() {
            Some(b'{') => {
                self.name.push('.');
                self.object(json, depth + 1)
            }
            _ => match told(self.line, json) {
                Ok(told) => (self.each)(&self.name, told),
                Err(error) => {
                    let (name, what) = (self.name.escape_debug(), without_place(&error));
                    Err(format!("it is no JSON: '{name}' is no text ({what})"))
                }
            },
        };
        self.name.truncate(outer);
        result
    }
}

/// Reads what a field says from its JSON, which is a part of `line`.
fn told<'a>(line: &str, json: &'a str) -> Result<Told<'a>, serde_json::Error> {
    // The JSON is borrowed from the line, so the distance of their addresses is its place there.
    let start = json.as_ptr() as usize - line.as_ptr() as usize;
    match json.as_bytes() {
        [b'n', ..] => Ok(Told::Null),
        [b'"', text @ .., b'"'] if memchr::memchr(b'\\', text).is_none() => {
            Ok(Told::Within { start: start + 1, end: start + 1 + text.len() })
        }
        [b'"', ..] => Ok(Told::Decoded(Cow::Owned(serde_json::from_str(json)?))),
        _ => Ok(Told::Within { start, end: start + json.len() }),
    }
}

fn not_json(error: &serde_json::Error) -> String {
    format!("it is no JSON: {}, at character {}", without_place(error), error.column())
}

/// Returns what the parser says without where: each line is parsed alone, so that its line is
/// always 1 and would only mislead.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Hands out the fields of an object; stops when told so.
struct ObjectVisitor<F>(F);

impl<'de, F: FnMut(&str, &'de RawValue) -> bool> Visitor<'de> for ObjectVisitor<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            if !(self.0)(&name, value) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// A field's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let mut fields = Vec::new();
        flatten(line, |name, told| {
            let text = match told {
                Told::Null => None,
                Told::Within { start, end } => Some(line[start..end].to_owned()),
                Told::Decoded(text) => Some(text.into_owned()),
            };
            fields.push((name.to_owned(), text));
            Ok(())
        })
        .map(|()| fields)
    }

    #[test]
    fn nested_objects_have_dots_and_numbers_keep_their_digits() {
        let line = r#" {"a": {"b": {"c": 1.50}, "d": null}, "e": [1, {"x": 2}], "f": "\u00e9",
             "g": 1e3, "h": true, "i": {}, "j": "plain"} "#;
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            fields(line).unwrap(),
            [
                ("a.b.c".to_owned(), text("1.50")),
                ("a.d".to_owned(), None),
                ("e".to_owned(), text("[1, {\"x\": 2}]")),
                ("f".to_owned(), text("é")),
                ("g".to_owned(), text("1e3")),
                ("h".to_owned(), text("true")),
                ("j".to_owned(), text("plain")),
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused_with_a_reason() {
        let deep = "{\"a\":".repeat(5000) + "1" + &"}".repeat(5000);
        let arrays = format!("{{\"a\":{}}}", "[".repeat(100_000));
        for (line, reason) in [
            ("[1]", "no JSON object"),
            ("hello", "no JSON object"),
            ("{\"a\":1", "EOF"),
            ("{\"a\":1}}", "trailing characters, at character 8"),
            ("{a:1}", "key must be a string"),
            ("{\"a\":\"\\ud800\"}", "'a' is no text"),
            (deep.as_str(), "nested more than"),
            (arrays.as_str(), "no JSON"),
        ] {
            let said = fields(line).unwrap_err();
            assert!(said.contains(reason), "{said}");
        }
    }
}
