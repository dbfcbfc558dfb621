//! What a request asks for, as a number: a cursor goes on only with the request it came from.

use serde_json::Value;

use crate::dice::mix;

/// Returns the fingerprint of a request: all of it but its cursor, in whatever order.
pub(crate) fn fingerprint(path: &str, query: &[(String, String)], body: &Value) -> u64 {
    let mut state = hash(0, path);
    let mut query: Vec<_> = query.iter().filter(|(name, _)| name != "cursor").collect();
    query.sort();
    for (name, value) in query {
        state = hash(hash(state, name), value);
    }
    hash_value(state, body, true)
}

fn hash_value(state: u64, value: &Value, skips_cursor: bool) -> u64 {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.retain(|name| !skips_cursor || *name != "cursor");
            names.sort();
            names.into_iter().fold(mix(state ^ 1), |state, name| {
                hash_value(hash(state, name), &fields[name], false)
            })
        }
        Value::Array(items) => {
            items.iter().fold(mix(state ^ 2), |state, item| hash_value(state, item, false))
        }
        other => hash(mix(state ^ 3), &other.to_string()),
    }
}

fn hash(state: u64, text: &str) -> u64 {
    text.bytes().fold(mix(state ^ text.len() as u64), |state, byte| {
        mix(state.rotate_left(8) ^ u64::from(byte))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cursor_and_the_order_of_fields_do_not_matter_and_all_else_does() {
        let of = |body: Value| fingerprint("/v2/orders/search", &[], &body);
        let plain = of(json!({ "limit": 1, "location_ids": ["A"] }));
        assert_eq!(of(json!({ "location_ids": ["A"], "limit": 1, "cursor": "x" })), plain);
        assert_ne!(of(json!({ "location_ids": ["A"], "limit": 2 })), plain);
        assert_ne!(of(json!({ "location_ids": ["B"], "limit": 1 })), plain);
    }
}
