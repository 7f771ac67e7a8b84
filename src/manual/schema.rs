//! The schema of `rules.toml` for editors: completion, and red lines while one types.
//!
//! JSON Schema draft 7, of which only those words are used that mean the same in draft 4: Taplo, which editors use for
//! TOML, reads no newer one. It knows what can be known of a file by its shape; `portcullis check` knows the rest.

use change::Class;
use policy::identity::Catalogue;
use policy::reference::{Key, Shape, TABLES, Table, conditions};
use serde_json::{Map, Value, json};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Portcullis rules",
    });
    let root = TABLES.first().map(|table| object(table)).unwrap_or_default();
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        schema.insert("definitions".to_owned(), Value::Object(definitions()));
    }
    schema
}

fn definitions() -> Map<String, Value> {
    let mut found = Map::new();
    for table in TABLES.iter().skip(1) {
        found.insert(table.name.to_owned(), object(table));
    }
    let records = conditions();
    found.insert(
        "conditions".to_owned(),
        json!({
            "type": "object",
            "description": "All of them must hold.",
            "additionalProperties": false,
            "minProperties": 1,
            "properties": properties(records.iter().map(|record| &record.key)),
        }),
    );
    let ids: Vec<&str> = Catalogue::builtin().ids().collect();
    found.insert("catalogue".to_owned(), json!({ "type": "string", "enum": ids }));
    let classes: Vec<&str> = Class::BUILTIN.iter().map(Class::as_str).collect();
    let own = json!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 40 });
    found.insert("change_class".to_owned(), json!({ "anyOf": [{ "enum": classes }, own] }));
    found
}

fn properties<'k>(keys: impl Iterator<Item = &'k Key>) -> Map<String, Value> {
    keys.map(|key| (key.name.to_owned(), property(key))).collect()
}

fn object(table: &Table) -> Value {
    let needed: Vec<&str> = table.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    let mut object = json!({
        "type": "object",
        "description": table.meaning.replace('\n', " "),
        "additionalProperties": false,
        "properties": properties(table.keys.iter()),
    });
    let Value::Object(map) = &mut object else { return object };
    if !needed.is_empty() {
        map.insert("required".to_owned(), json!(needed));
    }
    // What holds between keys.
    match table.name {
        "rule" => drop(map.insert("oneOf".to_owned(), one_of(&["require", "deny"]))),
        "people" => drop(map.insert("anyOf".to_owned(), one_of(&["members_of", "accounts"]))),
        "files" | "lines" => drop(map.insert("oneOf".to_owned(), one_of(&["more_than", "at_most"]))),
        _ => {}
    }
    object
}

fn one_of(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

fn property(key: &Key) -> Value {
    let mut value = shape(&key.shape);
    if let Value::Object(map) = &mut value {
        // Beside a reference draft 7 reads nothing.
        if let Some(target) = map.remove("$ref") {
            map.insert("allOf".to_owned(), json!([{ "$ref": target }]));
        }
        map.insert("description".to_owned(), json!(format!("{} ({})", key.meaning, key.words)));
        if let Some(default) = key.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            map.insert("default".to_owned(), default);
        }
    }
    value
}

fn shape(wanted: &Shape) -> Value {
    match wanted {
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::True => json!({ "enum": [true] }),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::Text("") => json!({ "type": "string" }),
        Shape::Text(pattern) => json!({ "type": "string", "pattern": pattern }),
        Shape::Line(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        Shape::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::OneOf(texts) => json!({ "type": "string", "enum": texts }),
        Shape::Catalogue => json!({ "$ref": "#/definitions/catalogue" }),
        Shape::Class => json!({ "$ref": "#/definitions/change_class" }),
        Shape::PerClass(least, most) => {
            let number = json!({ "type": "integer", "minimum": least, "maximum": most });
            json!({ "type": "object", "additionalProperties": number, "minProperties": 1 })
        }
        Shape::List(item) => {
            let item = shape(item);
            json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
        }
        Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(shape).collect::<Vec<_>>() }),
        // Tables inside of a line have no definition of their own.
        Shape::Table(table) if table.heading.is_empty() => object(table),
        Shape::Table(table) => reference(table),
        Shape::Named(table) => json!({ "type": "object", "additionalProperties": reference(table) }),
        Shape::Tables(table) => json!({ "type": "array", "items": reference(table) }),
        Shape::Conditions => json!({ "$ref": "#/definitions/conditions" }),
    }
}

fn reference(table: &Table) -> Value {
    json!({ "$ref": format!("#/definitions/{}", table.name) })
}
