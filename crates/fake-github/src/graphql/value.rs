//! Values of a document as JSON, and whether they fit their declared types.

use graphql_parser::query::{Type, Value as Literal};
use serde_json::{Map, Value, json};

/// Whether a variable's value fits its declared type, as far as built-in scalars go.
pub(super) fn fits(kind: &Type<'_, String>, value: &Value) -> bool {
    match kind {
        Type::NonNullType(inner) => !value.is_null() && fits(inner, value),
        _ if value.is_null() => true,
        Type::ListType(inner) => {
            value.as_array().is_some_and(|items| items.iter().all(|item| fits(inner, item)))
        }
        Type::NamedType(name) => match name.as_str() {
            "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "Boolean" => value.is_boolean(),
            "String" => value.is_string(),
            "ID" => value.is_string() || value.is_number(),
            _ => true,
        },
    }
}

/// A literal with its variables filled in.
pub(super) fn literal(value: &Literal<'_, String>, variables: &Map<String, Value>) -> Value {
    match value {
        Literal::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
        Literal::Int(number) => json!(number.as_i64()),
        Literal::Float(number) => json!(number),
        Literal::String(text) => json!(text),
        Literal::Enum(word) => json!(word),
        Literal::Boolean(truth) => json!(truth),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| literal(item, variables)).collect(),
        Literal::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), literal(value, variables)));
            Value::Object(fields.collect())
        }
    }
}
