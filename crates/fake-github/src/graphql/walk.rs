//! Walks a document over resolvers: fragments, aliases, directives, variables and arguments.
//!
//! Resolvers answer one field at a time and take the arguments they know; an argument left over is unknown.

use std::collections::HashMap;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, Selection, SelectionSet, TypeCondition,
    VariableDefinition,
};
use serde_json::{Map, Value, json};

use super::value::{fits, literal};

/// How deep fragments may lie in each other.
const DEEPEST_FRAGMENT: usize = 16;

/// What a field came to.
pub(super) enum Got<'w> {
    Leaf(Value),
    Nothing,
    Node(Box<dyn Node<'w> + 'w>),
    List(Vec<Got<'w>>),
}

impl<'w> Got<'w> {
    pub(super) fn node(node: impl Node<'w> + 'w) -> Self {
        Self::Node(Box::new(node))
    }

    pub(super) fn maybe(node: Option<impl Node<'w> + 'w>) -> Self {
        node.map_or(Self::Nothing, Self::node)
    }

    pub(super) fn leaf(value: impl Into<Value>) -> Self {
        Self::Leaf(value.into())
    }
}

/// Why a field came to nothing.
pub(super) enum Trouble {
    /// The type has no such field.
    NoField,
    /// The field is there, and this happened: GitHub's error type and message.
    Error(&'static str, String),
}

/// An object of the schema.
pub(super) trait Node<'w> {
    /// `__typename`.
    fn typename(&self) -> &'static str;

    /// The interfaces and unions it may stand for.
    fn stands_for(&self) -> &'static [&'static str] {
        &[]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble>;
}

/// The arguments of one field, taken out as the resolver asks for them.
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.take(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        self.take(name).and_then(|value| value.as_u64())
    }
}

pub(super) struct Done {
    pub(super) data: Value,
    pub(super) errors: Vec<Value>,
    pub(super) unknown: Vec<String>,
}

pub(super) struct Walk<'d> {
    fragments: HashMap<&'d str, &'d FragmentDefinition<'d, String>>,
    variables: Map<String, Value>,
    errors: Vec<Value>,
    unknown: Vec<String>,
}

type Fields<'d> = Vec<(&'d str, Vec<&'d Field<'d, String>>)>;

impl<'d> Walk<'d> {
    /// Checks the variables against their declarations.
    pub(super) fn new(
        document: &'d Document<'d, String>,
        declared: &[VariableDefinition<'d, String>],
        given: Map<String, Value>,
    ) -> Result<Self, String> {
        let mut fragments = HashMap::new();
        for definition in &document.definitions {
            if let Definition::Fragment(fragment) = definition {
                fragments.insert(fragment.name.as_str(), fragment);
            }
        }
        let mut variables = Map::new();
        for declared in declared {
            let name = &declared.name;
            let fallback = declared.default_value.as_ref().map(|value| literal(value, &Map::new()));
            let value = given.get(name).cloned().or(fallback).unwrap_or(Value::Null);
            if !fits(&declared.var_type, &value) {
                let kind = &declared.var_type;
                return Err(format!("Variable ${name} of type {kind} was provided invalid value"));
            }
            variables.insert(name.clone(), value);
        }
        Ok(Self { fragments, variables, errors: Vec::new(), unknown: Vec::new() })
    }

    pub(super) fn run<'w>(mut self, selections: &'d SelectionSet<'d, String>, root: &dyn Node<'w>) -> Done {
        let data = self.object(root, &[selections], &mut Vec::new());
        Done { data, errors: self.errors, unknown: self.unknown }
    }

    /// The root fields and their arguments, in the order in which they are walked.
    pub(super) fn roots<'w>(
        mut self,
        selections: &'d SelectionSet<'d, String>,
        root: &dyn Node<'w>,
    ) -> Vec<(String, Arguments)> {
        let mut fields = Fields::new();
        self.collect(root, selections, &mut fields, DEEPEST_FRAGMENT);
        let fields = fields.into_iter().filter_map(|(_, same)| same.first().copied());
        let called = fields.filter(|field| field.name != "__typename");
        called.map(|field| (field.name.clone(), self.arguments(field))).collect()
    }

    fn arguments(&self, field: &Field<'d, String>) -> Arguments {
        let given = field.arguments.iter();
        Arguments(given.map(|(name, value)| (name.clone(), literal(value, &self.variables))).collect())
    }

    fn object<'w>(
        &mut self,
        node: &dyn Node<'w>,
        selections: &[&'d SelectionSet<'d, String>],
        path: &mut Vec<Value>,
    ) -> Value {
        let mut fields = Fields::new();
        for set in selections {
            self.collect(node, set, &mut fields, DEEPEST_FRAGMENT);
        }
        let mut object = Map::new();
        for (key, same) in fields {
            path.push(json!(key));
            let value = self.field(node, &same, path);
            path.pop();
            object.insert(key.to_owned(), value);
        }
        Value::Object(object)
    }

    /// The fields that apply to this node, by the key they are answered under.
    fn collect<'w>(
        &mut self,
        node: &dyn Node<'w>,
        set: &'d SelectionSet<'d, String>,
        fields: &mut Fields<'d>,
        depth: usize,
    ) {
        let Some(deeper) = depth.checked_sub(1) else {
            return self.complain("Fragments are nested too deeply, or in a circle".to_owned());
        };
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    if self.excluded(&field.directives) {
                        continue;
                    }
                    let key = field.alias.as_deref().unwrap_or(&field.name);
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, same)) => same.push(field),
                        None => fields.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(inline) => {
                    let applies = inline.type_condition.as_ref().is_none_or(|on| is_a(node, on));
                    if applies && !self.excluded(&inline.directives) {
                        self.collect(node, &inline.selection_set, fields, deeper);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    match self.fragments.get(spread.fragment_name.as_str()).copied() {
                        Some(fragment) => {
                            if is_a(node, &fragment.type_condition) && !self.excluded(&spread.directives) {
                                self.collect(node, &fragment.selection_set, fields, deeper);
                            }
                        }
                        None => self
                            .complain(format!("Fragment {} was used, but not defined", spread.fragment_name)),
                    }
                }
            }
        }
    }

    fn complain(&mut self, message: String) {
        self.errors.push(json!({ "message": message }));
        self.unknown.push(format!("graphql: {message}"));
    }

    /// Whether `@include` or `@skip` leaves it out.
    fn excluded(&mut self, directives: &[Directive<'d, String>]) -> bool {
        let mut excluded = false;
        for directive in directives {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let condition = condition.map(|(_, value)| literal(value, &self.variables));
            let holds = condition == Some(Value::Bool(true));
            match directive.name.as_str() {
                "include" => excluded |= !holds,
                "skip" => excluded |= holds,
                other => self.complain(format!("Directive @{other} is not defined")),
            }
        }
        excluded
    }

    fn field<'w>(
        &mut self,
        node: &dyn Node<'w>,
        same: &[&'d Field<'d, String>],
        path: &mut Vec<Value>,
    ) -> Value {
        let Some(field) = same.first() else { return Value::Null };
        if field.name == "__typename" {
            return json!(node.typename());
        }
        let mut arguments = self.arguments(field);
        let got = node.field(&field.name, &mut arguments);
        if let (Some(left), Ok(_)) = (arguments.0.keys().next(), &got) {
            let message = format!("Field '{}' doesn't accept argument '{left}'", field.name);
            self.complain(message);
        }
        let selections: Vec<_> = same.iter().map(|field| &field.selection_set).collect();
        match got {
            Ok(got) => self.complete(got, field, &selections, path),
            Err(Trouble::NoField) => {
                self.complain(format!("Field '{}' doesn't exist on type '{}'", field.name, node.typename()));
                Value::Null
            }
            Err(Trouble::Error(kind, message)) => {
                let place = json!([{ "line": field.position.line, "column": field.position.column }]);
                self.errors
                    .push(json!({ "type": kind, "path": path, "locations": place, "message": message }));
                Value::Null
            }
        }
    }

    fn complete<'w>(
        &mut self,
        got: Got<'w>,
        field: &'d Field<'d, String>,
        selections: &[&'d SelectionSet<'d, String>],
        path: &mut Vec<Value>,
    ) -> Value {
        match got {
            Got::Nothing => Value::Null,
            Got::Leaf(value) => {
                if !field.selection_set.items.is_empty() {
                    self.complain(format!("Selections can't be made on scalars (field '{}')", field.name));
                }
                value
            }
            Got::Node(node) => {
                if field.selection_set.items.is_empty() {
                    self.complain(format!("Field must have selections (field '{}')", field.name));
                }
                self.object(&*node, selections, path)
            }
            Got::List(items) => {
                let mut listed = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    path.push(json!(index));
                    listed.push(self.complete(item, field, selections, path));
                    path.pop();
                }
                Value::Array(listed)
            }
        }
    }
}

fn is_a<'w>(node: &dyn Node<'w>, condition: &TypeCondition<'_, String>) -> bool {
    let TypeCondition::On(name) = condition;
    name == node.typename() || node.stands_for().contains(&name.as_str())
}
