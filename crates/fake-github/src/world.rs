//! The state of the forge, all of it, behind one lock.
//!
//! Holds and finds; what happens to it is told by [`verbs`](crate::verbs) and by the API. The lock is never held
//! over an `await`: git runs before the state changes.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::account::{Account, Org, Team};
use crate::auth::Token;
use crate::automation::Automation;
use crate::check::{CheckRun, Poster};
use crate::clock::Clock;
use crate::delivery::Outbox;
use crate::graphql::Files;
use crate::operator::OperatorHook;
use crate::pull::{Pull, PullState};
use crate::queue::QUEUE_BOT;
use crate::repo::{Commit, Graph, Permission, Repo};
use crate::stage::{AccountType, AppSpec, RepoSpec, Stage, UserSpec};

/// What a verb or a stage asked for and the forge does not have.
#[derive(Debug, thiserror::Error)]
#[error("there is no {kind} `{name}`")]
pub struct Missing {
    /// What was looked for.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Missing {
    pub(crate) fn new(kind: &'static str, name: impl ToString) -> Self {
        Self { kind, name: name.to_string() }
    }
}

pub(crate) struct World {
    pub(crate) dir: PathBuf,
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) app: AppSpec,
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) orgs: Vec<Org>,
    pub(crate) repos: BTreeMap<u64, Repo>,
    pub(crate) graphs: HashMap<u64, Graph>,
    pub(crate) files: Files,
    pub(crate) checks: Vec<CheckRun>,
    pub(crate) automation: Automation,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) outbox: Outbox,
    pub(crate) lag: usize,
    pub(crate) made_tokens: u64,
    /// Calls that counted on the hourly budget: REST, GraphQL.
    pub(crate) spent: (i64, i64),
    /// Check runs created and updated through the API.
    pub(crate) check_posts: (usize, usize),
    /// Whether the story suspended the installation; one that a stage begins with has heard all before.
    pub(crate) silenced: bool,
    /// Whether the App was uninstalled.
    pub(crate) uninstalled: bool,
    pub(crate) operator_hook: OperatorHook,
    ids: u64,
}

impl World {
    /// The accounts, organisations and teams of a stage; repositories are added one by one.
    pub(crate) fn new(dir: PathBuf, url: String, stage: &Stage) -> Result<Self, Missing> {
        let mut world = Self {
            dir,
            url,
            clock: Clock::default(),
            app: stage.app.clone(),
            accounts: BTreeMap::new(),
            orgs: Vec::new(),
            repos: BTreeMap::new(),
            graphs: HashMap::new(),
            files: Files::default(),
            checks: Vec::new(),
            automation: Automation::default(),
            tokens: HashMap::new(),
            outbox: Outbox::default(),
            lag: 0,
            made_tokens: 0,
            spent: (0, 0),
            check_posts: (0, 0),
            silenced: false,
            uninstalled: false,
            operator_hook: OperatorHook::default(),
            ids: 9_000_000,
        };
        let own_bot = UserSpec {
            login: format!("{}[bot]", stage.app.slug),
            id: 900_000 + stage.app.id,
            kind: AccountType::Bot,
            ..UserSpec::default()
        };
        let web_flow = UserSpec { login: "web-flow".to_owned(), id: 19_864_447, ..UserSpec::default() };
        let queue_bot = UserSpec {
            login: QUEUE_BOT.0.to_owned(),
            id: QUEUE_BOT.1,
            kind: AccountType::Bot,
            ..UserSpec::default()
        };
        for spec in [&own_bot, &web_flow, &queue_bot].into_iter().chain(&stage.users) {
            world.accounts.insert(spec.id, Account::from_spec(spec));
        }
        for spec in &stage.orgs {
            let kind = AccountType::Organization;
            let account = UserSpec { login: spec.login.clone(), id: spec.id, kind, ..UserSpec::default() };
            world.accounts.insert(spec.id, Account::from_spec(&account));
            let members = world.ids_of(&spec.members)?;
            world.orgs.push(Org { account: spec.id, members, teams: Vec::new() });
        }
        for spec in &stage.teams {
            let members = world.ids_of(&spec.members)?;
            let id = spec.id.unwrap_or_else(|| world.next_id());
            let team = Team { id, slug: spec.slug.clone(), members };
            let org = world.account(&spec.org)?.id;
            let org = world.orgs.iter_mut().find(|known| known.account == org);
            org.ok_or_else(|| Missing::new("organisation", &spec.org))?.teams.push(team);
        }
        Ok(world)
    }

    fn ids_of<C: FromIterator<u64>>(&self, logins: &[String]) -> Result<C, Missing> {
        logins.iter().map(|login| self.account(login).map(|account| account.id)).collect()
    }

    /// Adds a repository without branches, and says where its folder is to be.
    pub(crate) fn add_repo(&mut self, spec: &RepoSpec) -> Result<Repo, Missing> {
        let unknown = || Missing::new("owner", &spec.name);
        let (owner, name) = spec.name.split_once('/').ok_or_else(unknown)?;
        self.account(owner).map_err(|_| unknown())?;
        let parent = spec.fork_of.as_deref().map(|parent| self.repo(parent)).transpose()?;
        let mut permissions = BTreeMap::new();
        permissions
            .extend(self.ids_of::<Vec<u64>>(&spec.writers)?.into_iter().map(|id| (id, Permission::Write)));
        permissions
            .extend(self.ids_of::<Vec<u64>>(&spec.admins)?.into_iter().map(|id| (id, Permission::Admin)));
        let repo = Repo {
            id: spec.id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            default_branch: spec.default_branch.clone(),
            private: spec.private,
            dir: self.dir.join(owner).join(format!("{name}.git")),
            root: parent.map_or(spec.id, |parent| parent.root),
            fork_of: parent.map(|parent| parent.id),
            branches: parent.map(|parent| parent.branches.clone()).unwrap_or_default(),
            tags: parent.map(|parent| parent.tags.clone()).unwrap_or_default(),
            other_refs: BTreeMap::new(),
            permissions,
            pulls: BTreeMap::new(),
            activities: Vec::new(),
            safeguards: spec.safeguards.clone(),
            runs_on_push: spec.runs_on_push,
            teams: BTreeMap::new(),
            archived: false,
            protection_off: false,
            withdrawn: false,
            security: BTreeMap::new(),
            secrets: 0,
            issues: BTreeMap::new(),
            commit_comments: Vec::new(),
            queues: BTreeMap::new(),
        };
        self.repos.insert(repo.id, repo.clone());
        Ok(repo)
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Finds an account by REST login; `devin` also finds `devin[bot]`.
    pub(crate) fn account(&self, login: &str) -> Result<&Account, Missing> {
        let bot = format!("{login}[bot]");
        let named = |wanted: &str| {
            self.accounts.values().find(|known| !known.deleted && known.login.eq_ignore_ascii_case(wanted))
        };
        named(login).or_else(|| named(&bot)).ok_or_else(|| Missing::new("account", login))
    }

    /// The account, unless it was deleted.
    pub(crate) fn living(&self, id: u64) -> Option<&Account> {
        self.accounts.get(&id).filter(|account| !account.deleted)
    }

    pub(crate) fn org(&self, login: &str) -> Option<&Org> {
        let account = self.account(login).ok()?.id;
        self.orgs.iter().find(|org| org.account == account)
    }

    pub(crate) fn repo(&self, full_name: &str) -> Result<&Repo, Missing> {
        let found = self.repos.values().find(|repo| repo.full_name().eq_ignore_ascii_case(full_name));
        found.ok_or_else(|| Missing::new("repository", full_name))
    }

    pub(crate) fn repo_mut(&mut self, id: u64) -> Result<&mut Repo, Missing> {
        self.repos.get_mut(&id).ok_or_else(|| Missing::new("repository", id))
    }

    pub(crate) fn pull_mut(&mut self, repo: u64, number: u64) -> Result<&mut Pull, Missing> {
        let pull = self.repos.get_mut(&repo).and_then(|repo| repo.pulls.get_mut(&number));
        pull.ok_or_else(|| Missing::new("pull request", number))
    }

    /// A pull request as the API shows it, lag included.
    pub(crate) fn shown<'w>(&self, pull: &'w Pull) -> &'w Arc<PullState> {
        pull.seen(self.lag)
    }

    pub(crate) fn graph(&self, repo: &Repo) -> Option<&Graph> {
        self.graphs.get(&repo.root)
    }

    pub(crate) fn commit(&self, repo: &Repo, sha: &str) -> Option<&Arc<Commit>> {
        self.graph(repo)?.get(sha)
    }

    /// The bare repository whose objects the repository's network shares.
    pub(crate) fn store_dir(&self, repo: &Repo) -> PathBuf {
        self.repos.get(&repo.root).map_or_else(|| repo.dir.clone(), |root| root.dir.clone())
    }

    /// A branch, a tag, a full ref name or a commit id, resolved to a commit.
    pub(crate) fn resolve(&self, repo: &Repo, name: &str) -> Result<String, Missing> {
        let named = repo.branches.get(name).or_else(|| repo.tags.get(name)).map(String::as_str);
        if let Some(sha) = named.or_else(|| repo.tip(name)) {
            return Ok(self.graph(repo).map_or(sha, |graph| graph.peel(sha)).to_owned());
        }
        match self.commit(repo, name) {
            Some(commit) => Ok(commit.sha.clone()),
            None => Err(Missing::new("branch or commit", name)),
        }
    }

    /// The live permission: what was given, else what membership or a public repository gives.
    pub(crate) fn permission(&self, repo: &Repo, account: u64) -> Permission {
        let through_team = self.through_team(repo, account);
        if let Some(given) = repo.permissions.get(&account) {
            return (*given).max(through_team);
        }
        let owner = self.account(&repo.owner).map(|owner| owner.id).unwrap_or_default();
        if owner == account {
            return Permission::Admin;
        }
        let is_member = self.orgs.iter().any(|org| org.account == owner && org.members.contains(&account));
        let basic = if is_member || !repo.private { Permission::Read } else { Permission::None };
        basic.max(through_team)
    }

    /// The most that a team gives.
    fn through_team(&self, repo: &Repo, account: u64) -> Permission {
        let teams = self.orgs.iter().flat_map(|org| &org.teams);
        let theirs = teams.filter(|team| team.members.contains(&account));
        let given = theirs.filter_map(|team| repo.teams.get(&team.id)).copied();
        given.max().unwrap_or(Permission::None)
    }

    pub(crate) fn poster(&self) -> Poster {
        let name = if self.app.name.is_empty() { &self.app.slug } else { &self.app.name };
        Poster { id: self.app.id, slug: self.app.slug.clone(), name: name.clone() }
    }

    pub(crate) fn own_bot(&self) -> u64 {
        900_000 + self.app.id
    }

    /// The check suite of an App on a commit: one, made when first needed.
    pub(crate) fn suite(&mut self, repo: u64, sha: &str, app: u64) -> u64 {
        let same = |run: &&CheckRun| run.repo == repo && run.head_sha == sha && run.app.id == app;
        match self.checks.iter().find(same) {
            Some(run) => run.suite,
            None => self.next_id(),
        }
    }

    /// Open pull requests of the network whose true head is this branch.
    pub(crate) fn pulls_of_branch(&self, repo: u64, branch: &str) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for base in self.repos.values() {
            for pull in base.pulls.values() {
                let state = pull.now();
                let open = state.status == crate::pull::PullStatus::Open;
                if open && state.head_repo == Some(repo) && pull.head_ref == branch {
                    found.push((base.id, pull.number));
                }
            }
        }
        found
    }

    pub(crate) fn repo_by_dir_name(&self, owner: &str, name: &Path) -> Option<&Repo> {
        let name = name.to_str()?.strip_suffix(".git")?;
        self.repo(&format!("{owner}/{name}")).ok()
    }
}
