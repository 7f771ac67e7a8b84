//! Commits that the App makes through the API: its bot is the author, GitHub commits and signs.

use std::path::PathBuf;

use super::{Refusal, permitted, writable};
use crate::auth::{Level, Token};
use crate::git::{self, Edit, NewCommit};
use crate::moves::Move;
use crate::pull::Merged;
use crate::repo::{Ident, Repo};
use crate::server::Shared;
use crate::step::Open;
use crate::verbs::{VerbError, signed_by_github, web_flow};
use crate::world::World;

/// A commit on top of a branch.
pub(crate) struct OnBranch {
    pub(crate) branch: String,
    pub(crate) expected: String,
    pub(crate) message: String,
    /// Path to bytes.
    pub(crate) additions: Vec<(String, Vec<u8>)>,
    pub(crate) deletions: Vec<String>,
}

/// What both need, read under the lock.
struct Place {
    repo: Repo,
    store: PathBuf,
    bot: u64,
    author: Ident,
    date: i64,
}

impl Place {
    fn new(world: &World, repo: &Repo) -> Result<Self, Refusal> {
        let bot = world.own_bot();
        let account = world.living(bot).ok_or_else(Refusal::inaccessible)?;
        let author = Ident { name: account.login.clone(), email: account.noreply() };
        let (store, date) = (world.store_dir(repo), world.clock.story());
        Ok(Self { repo: repo.clone(), store, bot, author, date })
    }
}

impl Shared {
    /// `createCommitOnBranch`: answers the new commit.
    /// <https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch>
    pub(crate) async fn commit_on_branch(
        &self,
        token: &Token,
        id: u64,
        asked: OnBranch,
    ) -> Result<String, Refusal> {
        let _turn = self.turn.lock().await;
        let place = {
            let mut world = self.world();
            world.clock.tick();
            let repo = writable(&world, token, id)?;
            let head = repo.branches.get(&asked.branch).ok_or_else(|| {
                Refusal::NotFound(format!("A ref named \"refs/heads/{}\" could not be found", asked.branch))
            })?;
            if *head != asked.expected {
                let expected = &asked.expected;
                // Two spaces, as GitHub has it.
                let message = format!(
                    "Expected branch to point to \"{expected}\" but it did not.  Pull and try again."
                );
                return Err(Refusal::Stale(message));
            }
            Place::new(&world, repo)?
        };
        let edits = edits(&place, &asked).await?;
        let name = format!("refs/heads/{}", asked.branch);
        self.put(token, &place, &name, (asked.expected, asked.message, edits)).await
    }

    /// `revertPullRequest`: a branch with the revert and a pull request from it. Answers its number.
    /// <https://docs.github.com/en/graphql/reference/mutations#revertpullrequest>
    pub(crate) async fn revert_pull(
        &self,
        token: &Token,
        at: (u64, u64),
        (title, body, draft): (Option<String>, Option<String>, bool),
    ) -> Result<u64, Refusal> {
        let _turn = self.turn.lock().await;
        let refused = |message: &str| Refusal::Unprocessable(message.to_owned());
        let (place, base_ref, tip, how, open) = {
            let mut world = self.world();
            world.clock.tick();
            let repo = writable(&world, token, at.0)?;
            if !token.allows("pull_requests", Level::Write) {
                return Err(Refusal::inaccessible());
            }
            let pull = repo.pulls.get(&at.1).ok_or_else(|| refused("Could not resolve to a PullRequest"))?;
            let state = pull.now();
            let how = state.merged.clone().ok_or_else(|| refused("Pull request is not merged"))?;
            let base_ref = state.ends.base_ref.clone();
            let tip = repo.branches.get(&base_ref).ok_or_else(|| refused("The base branch is gone"))?.clone();
            let place = Place::new(&world, repo)?;
            let branch = format!("revert-{}-{}", at.1, pull.head_ref);
            let title = title.unwrap_or_else(|| format!("Revert \"{}\"", state.title));
            let body = body.unwrap_or_else(|| format!("Reverts {}#{}", repo.full_name(), at.1));
            let mut open = Open::new(&place.author.name, &repo.full_name(), &branch).base(&base_ref);
            open = open.title(&title).body(&body);
            open.draft = draft;
            if repo.branches.contains_key(&branch) {
                return Err(refused("This pull request was already reverted"));
            }
            (place, base_ref, tip, how, open)
        };
        let Merged { sha, base_before, .. } = how;
        let folders = (place.repo.dir.as_path(), place.store.as_path());
        let tree = git::merge_tree(folders, Some(&sha), &tip, &base_before).await.map_err(VerbError::from)?;
        let tree = tree.ok_or_else(|| refused("This pull request cannot be reverted automatically"))?;
        let message = format!("{}\n\nThis reverts what came into {base_ref} by #{}.", open.title, at.1);
        let name = format!("refs/heads/{}", open.head);
        self.put(token, &place, &name, (tip, message, vec![Edit::Tree { sha: tree }])).await?;
        Ok(self.open(open).await?)
    }

    /// Makes the commit and moves the branch to it.
    async fn put(
        &self,
        token: &Token,
        place: &Place,
        name: &str,
        (parent, message, edits): (String, String, Vec<Edit>),
    ) -> Result<String, Refusal> {
        let commit = NewCommit {
            parents: vec![parent],
            message,
            author: place.author.clone(),
            committer: web_flow(),
            date: place.date,
            edits,
            names_encoding: false,
        };
        let signed = signed_by_github(&self.world());
        let made = self.make_commits(&place.repo, &place.store, &[commit], Some(&signed)).await?;
        let one = {
            let world = self.world();
            let one = Move::new(&world, &place.repo, name, made.last().map(String::as_str));
            permitted(&world, &place.repo, place.bot, std::slice::from_ref(&one))?;
            one
        };
        self.workflows_stay(token, &place.repo, std::slice::from_ref(&one)).await?;
        self.move_refs(place.repo.id, place.bot, std::slice::from_ref(&one)).await?;
        Ok(one.after.unwrap_or_default())
    }
}

async fn edits(place: &Place, asked: &OnBranch) -> Result<Vec<Edit>, Refusal> {
    let dir = &place.repo.dir;
    let known = git::paths(dir, &asked.expected).await.map_err(VerbError::from)?;
    let mut edits = Vec::new();
    for path in &asked.deletions {
        if !known.contains(path) {
            let at = &asked.expected;
            let message =
                format!("A path was requested for deletion which does not exist as of commit oid `{at}`");
            return Err(Refusal::Unprocessable(message));
        }
        edits.push(Edit::Delete { path: path.clone() });
    }
    for (path, bytes) in &asked.additions {
        let sha = git::blob((dir, &place.store), bytes).await.map_err(VerbError::from)?;
        edits.push(Edit::Object { mode: "100644", path: path.clone(), sha });
    }
    Ok(edits)
}
