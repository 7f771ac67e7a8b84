//! The GraphQL API: real documents, parsed and walked over the state.
//!
//! A field or argument that is not known here is an error as GitHub words it, and is written down among the
//! unknown routes. <https://docs.github.com/en/graphql>

use std::cell::RefCell;
use std::collections::VecDeque;

use axum::http::request::Parts;
use bytes::Bytes;
use graphql_parser::query::{Definition, Document, OperationDefinition, Selection, parse_query};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::auth::Token;
use crate::reply::Reply;
use crate::rest::{hour_ends, token};
use crate::server::{Shared, lock};
use crate::world::World;

mod checks;
mod commit;
mod connection;
mod discussion;
mod mutation;
mod object;
mod people;
mod pull;
mod queue;
mod reference;
mod root;
mod value;
mod walk;

pub(crate) use object::Files;

/// What every resolver may look at.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'w> {
    pub(crate) world: &'w World,
    pub(crate) token: &'w Token,
}

#[derive(Deserialize)]
struct Question {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
}

pub(crate) fn is_endpoint(path: &str) -> bool {
    path == "/graphql" || path == "/api/graphql"
}

/// The name of the operation in a request, for the log.
pub(crate) fn operation_name(body: &[u8]) -> String {
    let unnamed = || "?".to_owned();
    let Ok(question) = serde_json::from_slice::<Question>(body) else { return unnamed() };
    let Ok(document) = parse_query::<String>(&question.query) else { return unnamed() };
    let name =
        operation(&document, question.operation_name.as_deref()).and_then(|operation| match operation {
            OperationDefinition::Query(query) => query.name.clone(),
            OperationDefinition::Mutation(mutation) => mutation.name.clone(),
            OperationDefinition::Subscription(_) | OperationDefinition::SelectionSet(_) => None,
        });
    name.unwrap_or_else(unnamed)
}

fn operation<'d>(
    document: &'d Document<'d, String>,
    wanted: Option<&str>,
) -> Option<&'d OperationDefinition<'d, String>> {
    document.definitions.iter().find_map(|definition| match definition {
        Definition::Operation(operation) => {
            let name = match operation {
                OperationDefinition::Query(query) => query.name.as_deref(),
                OperationDefinition::Mutation(mutation) => mutation.name.as_deref(),
                OperationDefinition::Subscription(_) | OperationDefinition::SelectionSet(_) => None,
            };
            (wanted.is_none() || wanted == name).then_some(operation)
        }
        Definition::Fragment(_) => None,
    })
}

/// Answers a request. What a mutation changes is done before anything is answered.
pub(crate) async fn serve(shared: &Shared, head: &Parts, body: &Bytes) -> Reply {
    let (token, calls) = {
        let mut world = shared.world();
        let token = match token(&world, head) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        world.spent.1 += 1;
        let calls = calls(Sight { world: &world, token: &token }, body);
        (token, calls)
    };
    let outcomes = mutation::carry_out(shared, &token, calls).await;
    let (reply, unknown) = {
        let world = shared.world();
        let (reply, unknown) = answer(Sight { world: &world, token: &token }, body, outcomes);
        (reply.budget("graphql", world.spent.1, hour_ends(&world)), unknown)
    };
    lock(&shared.log).unknown.extend(unknown);
    reply
}

/// The fields of a mutation, for faults that are meant for them.
pub(crate) fn mutations(body: &[u8]) -> Vec<String> {
    let Ok(question) = serde_json::from_slice::<Question>(body) else { return Vec::new() };
    let Ok(document) = parse_query::<String>(&question.query) else { return Vec::new() };
    let Some(OperationDefinition::Mutation(mutation)) =
        operation(&document, question.operation_name.as_deref())
    else {
        return Vec::new();
    };
    let fields = mutation.selection_set.items.iter().filter_map(|item| match item {
        Selection::Field(field) => Some(field.name.clone()),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    });
    fields.collect()
}

/// What a mutation is to do; nothing for a query, and for what cannot be read.
fn calls(sight: Sight<'_>, body: &[u8]) -> Vec<mutation::Call> {
    let Ok(question) = serde_json::from_slice::<Question>(body) else { return Vec::new() };
    let Ok(document) = parse_query::<String>(&question.query) else { return Vec::new() };
    let Some(OperationDefinition::Mutation(mutation)) =
        operation(&document, question.operation_name.as_deref())
    else {
        return Vec::new();
    };
    let variables = question.variables.unwrap_or_default();
    let Ok(walk) = walk::Walk::new(&document, &mutation.variable_definitions, variables) else {
        return Vec::new();
    };
    let root = mutation::Mutation { sight, outcomes: RefCell::default() };
    let roots = walk.roots(&mutation.selection_set, &root);
    let call = |(name, mut arguments): (String, walk::Arguments)| mutation::Call {
        name,
        input: arguments.take("input").unwrap_or_default(),
    };
    roots.into_iter().map(call).collect()
}

fn failed(message: &str) -> Reply {
    Reply::ok(json!({ "errors": [{ "message": message }] }))
}

/// The answer, and what was asked for that is not known here.
fn answer(sight: Sight<'_>, body: &[u8], outcomes: VecDeque<mutation::Outcome>) -> (Reply, Vec<String>) {
    let question: Question = match serde_json::from_slice(body) {
        Ok(question) => question,
        Err(_) => return (Reply::message(400, "Problems parsing JSON"), Vec::new()),
    };
    let document = match parse_query::<String>(&question.query) {
        Ok(document) => document,
        Err(error) => return (failed(&error.to_string()), Vec::new()),
    };
    let variables = question.variables.unwrap_or_default();
    let outcome = match operation(&document, question.operation_name.as_deref()) {
        Some(OperationDefinition::Query(query)) => {
            walk::Walk::new(&document, &query.variable_definitions, variables)
                .map(|walk| walk.run(&query.selection_set, &root::Query(sight)))
        }
        Some(OperationDefinition::SelectionSet(selections)) => {
            walk::Walk::new(&document, &[], variables).map(|walk| walk.run(selections, &root::Query(sight)))
        }
        Some(OperationDefinition::Mutation(mutation)) => {
            let root = mutation::Mutation { sight, outcomes: RefCell::new(outcomes) };
            walk::Walk::new(&document, &mutation.variable_definitions, variables)
                .map(|walk| walk.run(&mutation.selection_set, &root))
        }
        Some(OperationDefinition::Subscription(_)) | None => {
            let message = "the fake forge answers queries and mutations only";
            return (failed(message), vec![format!("graphql: {message}")]);
        }
    };
    match outcome {
        Err(error) => (failed(&error), Vec::new()),
        Ok(done) => told(done),
    }
}

fn told(done: walk::Done) -> (Reply, Vec<String>) {
    let reply = match (done.unknown.is_empty(), done.errors.is_empty()) {
        // A document that does not fit the schema is answered without data.
        (false, _) => json!({ "errors": done.errors }),
        (true, true) => json!({ "data": done.data }),
        (true, false) => json!({ "data": done.data, "errors": done.errors }),
    };
    (Reply::ok(reply), done.unknown)
}
