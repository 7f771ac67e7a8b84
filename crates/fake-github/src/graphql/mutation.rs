//! Mutations: each root field is carried out first, one after the other; its payload is walked afterwards.
//!
//! Between the two nothing is locked, because git runs. A field that is not known here does nothing.

use std::cell::RefCell;
use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Sight;
use super::commit::Commit;
use super::pull::PullRequest;
use super::reference::{Ref, ref_of};
use super::walk::{Arguments, Got, Node, Trouble};
use crate::auth::Token;
use crate::payload::node_id;
use crate::refs::NOTHING;
use crate::server::Shared;
use crate::world::World;
use crate::writes::commits::OnBranch;
use crate::writes::{Refusal, Update};

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
}

pub(super) async fn carry_out(shared: &Shared, token: &Token, calls: Vec<Call>) -> VecDeque<Outcome> {
    let mut outcomes = VecDeque::new();
    for Call { name, mut input } in calls {
        let client = input.as_object_mut().and_then(|fields| fields.remove("clientMutationId"));
        let result = match name.as_str() {
            "updateRefs" => update_refs(shared, token, input).await,
            "createRef" => create_ref(shared, token, input).await,
            "deleteRef" => delete_ref(shared, token, input).await,
            "createCommitOnBranch" => commit_on_branch(shared, token, input).await,
            "revertPullRequest" => revert(shared, token, input).await,
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

fn repo_of(world: &World, id: &str) -> Result<u64, Trouble> {
    let found = world.repos.values().find(|repo| node_id("R", repo.id) == id);
    found.map(|repo| repo.id).ok_or_else(|| unresolved(id))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateRefs {
    repository_id: String,
    ref_updates: Vec<RefUpdate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefUpdate {
    name: String,
    before_oid: Option<String>,
    after_oid: String,
    #[serde(default)]
    force: bool,
}

async fn update_refs(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let input: UpdateRefs = read(input)?;
    let repo = repo_of(&shared.world(), &input.repository_id)?;
    let update = |one: RefUpdate| Update {
        name: one.name,
        before: one.before_oid,
        after: one.after_oid,
        force: one.force,
    };
    let updates: Vec<Update> = input.ref_updates.into_iter().map(update).collect();
    shared.update_refs(token, repo, &updates).await.map_err(refused)?;
    Ok(Effect::Done)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRef {
    repository_id: String,
    name: String,
    oid: String,
}

async fn create_ref(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let CreateRef { repository_id, name, oid } = read(input)?;
    let repo = repo_of(&shared.world(), &repository_id)?;
    let is_there = shared.world().repos.get(&repo).is_some_and(|repo| repo.tip(&name).is_some());
    if is_there {
        let message = format!("A ref named \"{name}\" already exists in the repository.");
        return Err(Trouble::Error("UNPROCESSABLE", message));
    }
    let update = Update { name, before: Some(NOTHING.to_owned()), after: oid, force: false };
    shared.update_refs(token, repo, std::slice::from_ref(&update)).await.map_err(refused)?;
    Ok(Effect::Ref { repo, name: update.name })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeleteRef {
    ref_id: String,
}

async fn delete_ref(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let DeleteRef { ref_id } = read(input)?;
    let (repo, name) = ref_of(&ref_id).ok_or_else(|| unresolved(&ref_id))?;
    let update = Update { name, before: None, after: NOTHING.to_owned(), force: true };
    shared.update_refs(token, repo, &[update]).await.map_err(refused)?;
    Ok(Effect::Done)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateCommit {
    branch: Branch,
    expected_head_oid: String,
    message: Message,
    #[serde(default)]
    file_changes: Option<FileChanges>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Branch {
    id: Option<String>,
    repository_name_with_owner: Option<String>,
    branch_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    headline: String,
    body: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FileChanges {
    additions: Option<Vec<Addition>>,
    deletions: Option<Vec<Deletion>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    path: String,
    contents: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deletion {
    path: String,
}

impl Branch {
    fn find(self, world: &World) -> Result<(u64, String), Trouble> {
        match (self.id, self.repository_name_with_owner, self.branch_name) {
            (Some(id), _, _) => {
                let (repo, name) = ref_of(&id).ok_or_else(|| unresolved(&id))?;
                let branch = name.strip_prefix("refs/heads/").ok_or_else(|| unresolved(&id))?;
                Ok((repo, branch.to_owned()))
            }
            (None, Some(repo), Some(branch)) => {
                let repo = world.repo(&repo).map_err(|_| unresolved(&repo))?.id;
                Ok((repo, branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned()))
            }
            _ => Err(Trouble::Error("UNPROCESSABLE", "No branch was given".to_owned())),
        }
    }
}

async fn commit_on_branch(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let input: CreateCommit = read(input)?;
    let (repo, branch) = input.branch.find(&shared.world())?;
    let changes = input.file_changes.unwrap_or_default();
    let mut additions = Vec::new();
    for Addition { path, contents } in changes.additions.unwrap_or_default() {
        let bytes = STANDARD.decode(contents);
        let bytes = bytes.map_err(|_| Trouble::Error("UNPROCESSABLE", "Invalid Base64String".to_owned()))?;
        additions.push((path, bytes));
    }
    let Message { headline, body } = input.message;
    let asked = OnBranch {
        expected: input.expected_head_oid,
        message: body.map_or_else(|| headline.clone(), |body| format!("{headline}\n\n{body}")),
        additions,
        deletions: changes.deletions.into_iter().flatten().map(|one| one.path).collect(),
        branch,
    };
    let name = format!("refs/heads/{}", asked.branch);
    let sha = shared.commit_on_branch(token, repo, asked).await.map_err(refused)?;
    Ok(Effect::Commit { repo, name, sha })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RevertPull {
    pull_request_id: String,
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    draft: bool,
}

async fn revert(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let RevertPull { pull_request_id: id, title, body, draft } = read(input)?;
    let at = {
        let world = shared.world();
        let pulls = world.repos.values().flat_map(|repo| repo.pulls.values().map(|pull| (repo.id, pull)));
        let mut meant = pulls.filter(|(_, pull)| node_id("PR", pull.id) == id);
        meant.next().map(|(repo, pull)| (repo, pull.number)).ok_or_else(|| unresolved(&id))?
    };
    let revert = shared.revert_pull(token, at, (title, body, draft)).await.map_err(refused)?;
    Ok(Effect::Reverted { repo: at.0, number: at.1, revert })
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
            ("pullRequest", Effect::Reverted { repo, number, .. }) => pull(*repo, *number),
            ("revertPullRequest", Effect::Reverted { repo, revert, .. }) => pull(*repo, *revert),
            _ => return Err(Trouble::NoField),
        })
    }
}
