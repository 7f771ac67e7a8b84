//! What an App may do to refs by mutation: move them, and put commits on branches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::{Effect, read, refused, unresolved};
use crate::auth::Token;
use crate::graphql::reference::ref_of;
use crate::graphql::walk::Trouble;
use crate::payload::node_id;
use crate::refs::NOTHING;
use crate::server::Shared;
use crate::world::World;
use crate::writes::Update;
use crate::writes::commits::OnBranch;

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

pub(super) async fn update_refs(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
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

pub(super) async fn create_ref(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
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

pub(super) async fn delete_ref(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
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

pub(super) async fn commit_on_branch(
    shared: &Shared,
    token: &Token,
    input: Value,
) -> Result<Effect, Trouble> {
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
