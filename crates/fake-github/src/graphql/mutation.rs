//! Mutations: each root field is carried out first, one after the other; its payload is walked afterwards.
//!
//! Between the two nothing is locked, because git runs. A field that is not known here does nothing.

use std::cell::RefCell;
use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Sight;
use super::commit::Commit;
use super::people::Account;
use super::pull::PullRequest;
use super::reference::Ref;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::auth::Token;
use crate::server::Shared;
use crate::writes::Refusal;

mod pull;
mod refs;

/// A root field of a mutation.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) input: Value,
}

/// What became of it.
pub(super) struct Outcome {
    client: Value,
    result: Result<Effect, Trouble>,
}

enum Effect {
    Done,
    Ref { repo: u64, name: String },
    Commit { repo: u64, name: String, sha: String },
    Reverted { repo: u64, number: u64, revert: u64 },
    Pull { repo: u64, number: u64 },
    AutoMergeOff { repo: u64, number: u64 },
    Dequeued,
}

pub(super) async fn carry_out(shared: &Shared, token: &Token, calls: Vec<Call>) -> VecDeque<Outcome> {
    let mut outcomes = VecDeque::new();
    for Call { name, mut input } in calls {
        let client = input.as_object_mut().and_then(|fields| fields.remove("clientMutationId"));
        let result = match name.as_str() {
            "updateRefs" => refs::update_refs(shared, token, input).await,
            "createRef" => refs::create_ref(shared, token, input).await,
            "deleteRef" => refs::delete_ref(shared, token, input).await,
            "createCommitOnBranch" => refs::commit_on_branch(shared, token, input).await,
            "revertPullRequest" => pull::revert(shared, token, input).await,
            "disablePullRequestAutoMerge" => pull::disable_auto_merge(shared, token, input).await,
            "closePullRequest" => pull::close(shared, token, input).await,
            "convertPullRequestToDraft" => pull::draft(shared, token, input).await,
            "dequeuePullRequest" => pull::dequeue(shared, token, input).await,
            _ => Err(Trouble::NoField),
        };
        outcomes.push_back(Outcome { client: client.unwrap_or_default(), result });
    }
    outcomes
}

fn read<T: DeserializeOwned>(input: Value) -> Result<T, Trouble> {
    serde_json::from_value(input).map_err(|error| {
        Trouble::Error(
            "argumentLiteralsIncompatible",
            format!("Argument 'input' has an invalid value: {error}"),
        )
    })
}

fn refused(refusal: Refusal) -> Trouble {
    let (kind, message) = refusal.graphql();
    Trouble::Error(kind, message)
}

fn unresolved(id: &str) -> Trouble {
    Trouble::Error("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"))
}

/// The root: answers its fields in the order in which they were carried out.
pub(super) struct Mutation<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) outcomes: RefCell<VecDeque<Outcome>>,
}

impl<'w> Node<'w> for Mutation<'w> {
    fn typename(&self) -> &'static str {
        "Mutation"
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        arguments.take("input");
        let Outcome { client, result } = self.outcomes.borrow_mut().pop_front().ok_or(Trouble::NoField)?;
        let typename = match name {
            "updateRefs" => "UpdateRefsPayload",
            "createRef" => "CreateRefPayload",
            "deleteRef" => "DeleteRefPayload",
            "createCommitOnBranch" => "CreateCommitOnBranchPayload",
            "revertPullRequest" => "RevertPullRequestPayload",
            "disablePullRequestAutoMerge" => "DisablePullRequestAutoMergePayload",
            "closePullRequest" => "ClosePullRequestPayload",
            "convertPullRequestToDraft" => "ConvertPullRequestToDraftPayload",
            "dequeuePullRequest" => "DequeuePullRequestPayload",
            _ => return Err(Trouble::NoField),
        };
        Ok(Got::node(Payload { sight: self.sight, typename, client, effect: result? }))
    }
}

struct Payload<'w> {
    sight: Sight<'w>,
    typename: &'static str,
    client: Value,
    effect: Effect,
}

impl<'w> Node<'w> for Payload<'w> {
    fn typename(&self) -> &'static str {
        self.typename
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let sight = self.sight;
        let pull = |repo: u64, number: u64| {
            let repo = sight.world.repos.get(&repo);
            let found = repo.and_then(|repo| repo.pulls.get(&number).map(|pull| (repo, pull)));
            Got::maybe(found.map(|(repo, pull)| PullRequest::new(sight, repo, pull)))
        };
        Ok(match (name, &self.effect) {
            ("clientMutationId", _) => Got::Leaf(json!(self.client)),
            ("ref", Effect::Ref { repo, name } | Effect::Commit { repo, name, .. }) => {
                let repo = sight.world.repos.get(repo);
                Got::maybe(repo.and_then(|repo| Ref::find(sight, repo, name)))
            }
            ("commit", Effect::Commit { repo, sha, .. }) => {
                let repo = sight.world.repos.get(repo);
                let found = repo.and_then(|repo| sight.world.commit(repo, sha).map(|commit| (repo, commit)));
                Got::maybe(found.map(|(repo, commit)| Commit { sight, repo, commit }))
            }
            (
                "pullRequest",
                Effect::Reverted { repo, number, .. }
                | Effect::Pull { repo, number }
                | Effect::AutoMergeOff { repo, number },
            ) => pull(*repo, *number),
            ("actor", Effect::AutoMergeOff { .. }) => {
                Got::maybe(Account::living(sight, sight.world.own_bot()))
            }
            // What was taken out of the queue has no place there any more.
            ("mergeQueueEntry", Effect::Dequeued) => Got::Nothing,
            ("revertPullRequest", Effect::Reverted { repo, revert, .. }) => pull(*repo, *revert),
            _ => return Err(Trouble::NoField),
        })
    }
}
