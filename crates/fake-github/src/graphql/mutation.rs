//! Mutations: each root field acts, one after the other, and then its payload is walked like any answer.
//!
//! [`act`] is the table of them; a name that is not there is unknown, as a field of a query is.

use std::cell::RefCell;
use std::collections::VecDeque;

use graphql_parser::query::{OperationDefinition, Selection, parse_query};
use serde_json::Value;

use super::people::Account;
use super::pull::PullRequest;
use super::walk::{Arguments, Got, Node, Trouble, Walk};
use super::{Question, Sight, failed, operation, told};
use crate::auth::Token;
use crate::reply::Reply;
use crate::server::Shared;

mod pull;

/// What a mutation may look at.
pub(super) struct Act<'a> {
    pub(super) shared: &'a Shared,
    pub(super) token: &'a Token,
    pub(super) input: &'a Value,
}

impl Act<'_> {
    pub(super) fn text(&self, name: &str) -> &str {
        self.input.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What a mutation changed: the payload's type, its fields, and what they are about.
pub(super) struct Made {
    pub(super) typename: &'static str,
    pub(super) fields: &'static [&'static str],
    /// Repository and number of the pull request.
    pub(super) pull: (u64, u64),
}

type Acted = Result<Made, Trouble>;

/// Does what the field says; `None` when there is no such mutation.
async fn act(name: &str, act: &Act<'_>) -> Option<Acted> {
    Some(match name {
        "disablePullRequestAutoMerge" => pull::disable_auto_merge(act),
        "closePullRequest" => pull::close(act),
        "convertPullRequestToDraft" => pull::draft(act),
        "dequeuePullRequest" => pull::dequeue(act).await,
        _ => return None,
    })
}

/// The answer to a mutation, and what was asked for that is not known here; `None` when it is no mutation.
pub(super) async fn answer(shared: &Shared, token: &Token, body: &[u8]) -> Option<(Reply, Vec<String>)> {
    let question: Question = serde_json::from_slice(body).ok()?;
    let document = parse_query::<String>(&question.query).ok()?;
    let found = operation(&document, question.operation_name.as_deref());
    let Some(OperationDefinition::Mutation(mutation)) = found else { return None };
    let given = question.variables.unwrap_or_default();
    let walk = match Walk::new(&document, &mutation.variable_definitions, given) {
        Ok(walk) => walk,
        Err(problem) => return Some((failed(&problem), Vec::new())),
    };
    let mut outcomes = VecDeque::new();
    for selection in &mutation.selection_set.items {
        let Selection::Field(field) = selection else { continue };
        let input = walk.argument(field, "input");
        let outcome = act(&field.name, &Act { shared, token, input: &input }).await;
        let id = input.get("clientMutationId").cloned().unwrap_or_default();
        outcomes.push_back((field.name.clone(), outcome.map(|acted| acted.map(|made| (made, id)))));
    }
    shared.mail.notify_one();
    let world = shared.world();
    let root = Mutation { sight: Sight { world: &world, token }, outcomes: RefCell::new(outcomes) };
    Some(told(walk.run(&mutation.selection_set, &root)))
}

/// A field's name, and what came of it: the payload and the client's own id.
type Outcome = (String, Option<Result<(Made, Value), Trouble>>);

struct Mutation<'w> {
    sight: Sight<'w>,
    /// In the order of the document, which is the order they are walked in.
    outcomes: RefCell<VecDeque<Outcome>>,
}

impl<'w> Node<'w> for Mutation<'w> {
    fn typename(&self) -> &'static str {
        "Mutation"
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        arguments.take("input");
        let mut outcomes = self.outcomes.borrow_mut();
        let place = outcomes.iter().position(|(known, _)| known == name);
        match place.and_then(|place| outcomes.remove(place)) {
            Some((_, Some(acted))) => {
                let (made, id) = acted?;
                Ok(Got::node(Payload { sight: self.sight, made, id }))
            }
            Some((_, None)) | None => Err(Trouble::NoField),
        }
    }
}

struct Payload<'w> {
    sight: Sight<'w>,
    made: Made,
    id: Value,
}

impl<'w> Node<'w> for Payload<'w> {
    fn typename(&self) -> &'static str {
        self.made.typename
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let world = self.sight.world;
        Ok(match name {
            "clientMutationId" => Got::Leaf(self.id.clone()),
            name if !self.made.fields.contains(&name) => return Err(Trouble::NoField),
            "actor" => Got::maybe(Account::living(self.sight, world.own_bot())),
            "pullRequest" => {
                let (repo, number) = self.made.pull;
                let repo = world.repos.get(&repo);
                let found = repo.and_then(|repo| Some((repo, repo.pulls.get(&number)?)));
                Got::maybe(found.map(|(repo, pull)| PullRequest::new(self.sight, repo, pull)))
            }
            // What was taken out of the queue has no place there any more.
            "mergeQueueEntry" => Got::Nothing,
            _ => return Err(Trouble::NoField),
        })
    }
}
