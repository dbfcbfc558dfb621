//! The interface described for programs: OpenAPI 3.1, made from the registry's own schemas.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use schemars::Schema;
use serde_json::{Map, Value, json};

use super::api::{OPERATIONS_PATH, VERDICT, name_in_address};
use super::problem::MEDIA_TYPE;
use super::request_id;
use crate::ops::output::Verdict;
use crate::ops::{AnyOperation, NOUNS, OPERATIONS};

/// Where the description is.
pub(super) const PATH: &str = "/api/v1/openapi.json";

/// Where OpenAPI keeps schemas that others name.
const COMPONENTS: &str = "#/components/schemas/";

/// Where a schema of its own keeps them.
const DEFINITIONS: &str = "#/$defs/";

/// The description, which is the same as long as the program is.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Answers with the description. It holds nobody's data, so nobody has to show a key.
pub(super) async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// Describes the interface.
pub(super) fn document() -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = format!("{OPERATIONS_PATH}/{}", name_in_address(*operation));
        paths.insert(path, json!({ "post": call(*operation, &mut schemas) }));
    }
    paths.insert(OPERATIONS_PATH.to_owned(), json!({ "get": catalogue() }));
    paths.insert(PATH.to_owned(), open("describe", "Describe this interface", "application/json"));
    paths.insert(
        "/healthz".to_owned(),
        open("lives", "Whether the process lives", "application/json"),
    );
    paths.insert("/readyz".to_owned(), ready());
    paths.insert(
        "/metrics".to_owned(),
        open("metrics", "What is counted, for Prometheus", "application/openmetrics-text"),
    );
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ShelfOps",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The operations of the command line, over HTTP",
            "description": "A key belongs to one tenant and has scopes. `x-access` says whose key an \
                            operation takes (anyone's, the tenant's, the operator's), `x-scope` which \
                            scope it needs, and `x-effect` whether it changes anything.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }],
        "tags": NOUNS.iter().map(|(name, about)| json!({ "name": name, "description": about }))
            .collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "Why it was not done",
                    "headers": { "x-request-id": request_id_header() },
                    "content": {
                        MEDIA_TYPE: { "schema": { "$ref": format!("{COMPONENTS}Problem") } },
                    },
                },
            },
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of `shelfops api-key add`, or the operator's",
                },
            },
        },
    })
}

/// Describes an operation.
fn call(operation: &dyn AnyOperation, schemas: &mut Map<String, Value>) -> Value {
    let name = name_in_address(operation);
    let title = in_capitals(&name);
    let input = adopt(operation.input_schema(), &format!("{title}Input"), &title, schemas);
    let output = adopt(operation.output_schema(), &format!("{title}Output"), &title, schemas);
    let noun = operation.name().split_once(' ').map(|(noun, _)| noun);
    let verdict = json!({
        "description": "How it went, as exit codes tell it on the command line",
        "schema": { "type": "string", "enum": Verdict::ALL.map(Verdict::name) },
    });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": name,
        "summary": operation.summary(),
        "description": operation.details(),
        "tags": noun.map(|noun| vec![noun]).unwrap_or_default(),
        "x-access": operation.access(),
        "x-scope": operation.scope(),
        "x-effect": operation.effect(),
        "requestBody": { "required": true, "content": { "application/json": { "schema": input } } },
        "responses": {
            "200": {
                "description": "What was done",
                "headers": { VERDICT.as_str(): verdict, "x-request-id": request_id_header() },
                "content": { "application/json": { "schema": output } },
            },
            "400": problem, "401": problem, "403": problem, "404": problem, "409": problem,
            "413": problem, "415": problem, "429": problem, "500": problem, "503": problem,
            "504": problem, "default": problem,
        },
    })
}

fn catalogue() -> Value {
    json!({
        "operationId": "operations",
        "summary": "List every operation with the JSON schemas of its input and output",
        "responses": {
            "200": {
                "description": "The operations",
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}

/// Describes an address that takes no key.
fn open(id: &str, summary: &str, media_type: &str) -> Value {
    let answer = json!({ "description": summary, "content": { media_type: { "schema": {} } } });
    json!({
        "get": {
            "operationId": id,
            "summary": summary,
            "security": [],
            "responses": { "200": answer },
        },
    })
}

fn ready() -> Value {
    let mut path = open("ready", "Whether the database is there and migrated", "application/json");
    path["get"]["responses"]["503"] = json!({ "$ref": "#/components/responses/Problem" });
    path
}

fn request_id_header() -> Value {
    json!({
        "description": format!("The request's id: the client's own `{}`, or one that was made", request_id::HEADER),
        "schema": { "type": "string" },
    })
}

fn problem() -> Value {
    json!({
        "title": "Problem",
        "description": "RFC 9457. Programs decide by `kind`; people read `detail`.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "kind", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "kind": { "type": "string" },
            "request_id": { "type": "string" },
        },
    })
}

/// Takes a schema among those that others name, with the definitions it brought; returns its reference.
/// A definition that is another under the same name is named after the operation.
fn adopt(schema: Schema, name: &str, operation: &str, schemas: &mut Map<String, Value>) -> Value {
    let mut schema = schema.to_value();
    let mut brought = Map::new();
    if let Value::Object(members) = &mut schema {
        members.remove("$schema");
        if let Some(Value::Object(definitions)) = members.remove("$defs") {
            brought = definitions;
        }
    }
    let renamed = |known: &str| {
        let mut moved = brought.get(known).cloned().unwrap_or_default();
        point(&mut moved, &|inner| inner.to_owned());
        match schemas.get(known) {
            Some(other) if *other != moved => format!("{operation}{known}"),
            _ => known.to_owned(),
        }
    };
    let names: Vec<(String, String)> =
        brought.keys().map(|known| (known.clone(), renamed(known))).collect();
    let name_of = |known: &str| {
        let found = names.iter().find(|(old, _)| old == known);
        found.map_or_else(|| known.to_owned(), |(_, new)| new.clone())
    };
    for (known, mut definition) in brought {
        point(&mut definition, &name_of);
        schemas.insert(name_of(&known), definition);
    }
    point(&mut schema, &name_of);
    schemas.insert(name.to_owned(), schema);
    json!({ "$ref": format!("{COMPONENTS}{name}") })
}

/// Lets every reference point to where its schema is now.
fn point(schema: &mut Value, name_of: &dyn Fn(&str) -> String) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(known) = target.strip_prefix(DEFINITIONS) {
                            *target = format!("{COMPONENTS}{}", name_of(known));
                        }
                    }
                    inner => point(inner, name_of),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, name_of)),
        _ => {}
    }
}

/// Writes `tenant-show` as `TenantShow`.
fn in_capitals(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::String(target) if key == "$ref" => found.push(target.clone()),
                        inner => references(inner, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > OPERATIONS.len());
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }

    #[test]
    fn addresses_are_as_many_as_operations() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let operations =
            paths.keys().filter(|path| path.starts_with(&format!("{OPERATIONS_PATH}/")));
        assert_eq!(operations.count(), OPERATIONS.len());
    }

    #[test]
    fn a_definition_that_differs_gets_a_name_of_its_own() {
        let mut schemas = Map::new();
        let schema = |kind: &str| {
            let value = json!({
                "type": "array",
                "items": { "$ref": "#/$defs/Row" },
                "$defs": { "Row": { "type": kind } },
            });
            Schema::try_from(value).unwrap()
        };
        adopt(schema("object"), "OneOutput", "One", &mut schemas);
        adopt(schema("object"), "TwoOutput", "Two", &mut schemas);
        adopt(schema("string"), "ThreeOutput", "Three", &mut schemas);
        assert_eq!(schemas["OneOutput"]["items"]["$ref"], "#/components/schemas/Row");
        assert_eq!(schemas["TwoOutput"]["items"]["$ref"], "#/components/schemas/Row");
        assert_eq!(schemas["ThreeOutput"]["items"]["$ref"], "#/components/schemas/ThreeRow");
        assert_eq!(schemas["ThreeRow"], json!({ "type": "string" }));
        assert_eq!(schemas["Row"], json!({ "type": "object" }));
    }
}
