//! GraphQL answers as they travel, and their conversion into facts by named functions.
//!
//! Nothing outside `github` sees these types. Everything the forge may leave out is optional here; what that means
//! for the facts is decided in the conversion, and never is it an empty list.

use policy::facts::{Account, AccountKind, CommitIdentity, Linked, Person, Review, ReviewState, Signature};
use policy::{Effects, Fact, Millis, RepoId, RepoName, Sha, UserId, facts, rules_check};
use serde::Deserialize;

use super::error::{ForgeError, quote};
use super::file::BranchNode;
use super::said::{self, CommentNode, Timeline};

/// The App itself.
#[derive(Debug, Deserialize)]
pub(super) struct AppNode {
    pub(super) slug: String,
}

/// A moment as GitHub writes it, RFC 3339.
pub(super) fn moment(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()))
}

/// An account as REST shows it.
#[derive(Debug, Deserialize)]
pub(super) struct RestAccount {
    id: u64,
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

impl RestAccount {
    /// The account as the forge vouches for it; `None` is how REST shows one that is deleted.
    pub(super) fn fact(account: Option<&Self>) -> Fact<Account> {
        let Some(account) = account else {
            return Fact::unknown("the account is deleted (GitHub shows `ghost`)");
        };
        let kind = match account.kind.as_str() {
            "User" => AccountKind::User,
            "Bot" => AccountKind::Bot,
            "Organization" => AccountKind::Organization,
            _ => AccountKind::Other,
        };
        Fact::Known(Account { id: UserId(account.id), login: super::error::quote(&account.login), kind })
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) total_count: usize,
    #[serde(default)]
    pub(super) page_info: PageInfo,
    // GitHub declares both the list and its members nullable.
    #[serde(default = "none")]
    nodes: Option<Vec<Option<T>>>,
}

fn none<T>() -> Option<T> {
    None
}

/// Where a page ends.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

impl<T> Page<T> {
    /// What is there; members that GitHub hides are missing, so compare with `total_count`.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().flatten().flatten()
    }

    /// All members, or how many of them could be seen.
    pub(super) fn whole<'a, U>(&'a self, what: &str, convert: impl Fn(&'a T) -> U) -> Fact<Vec<U>> {
        let nodes: Vec<U> = self.nodes().map(convert).collect();
        if nodes.len() == self.total_count {
            Fact::Known(nodes)
        } else {
            unseen(what, nodes.len(), self.total_count)
        }
    }
}

/// The sentence for a list of which only a part could be seen.
pub(super) fn unseen<T>(what: &str, seen: usize, total: usize) -> Fact<T> {
    Fact::unknown(format!("could not see {what}: {seen} of {total}"))
}

/// The answer to `PullRequest`.
#[derive(Debug, Deserialize)]
pub(super) struct PullData {
    pub(super) repository: Option<RepositoryNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoryNode {
    #[serde(flatten)]
    pub(super) repository: RepositoryRef,
    pub(super) default_branch_ref: Option<BranchNode>,
    pub(super) pull_request: Option<PullNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoryRef {
    pub(super) database_id: Option<u64>,
    name_with_owner: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullNode {
    #[serde(default)]
    id: String,
    pub(super) number: u64,
    title: String,
    #[serde(default)]
    body: String,
    state: String,
    is_draft: bool,
    created_at: Option<String>,
    updated_at: String,
    author: Option<Actor>,
    base_ref_name: String,
    base_ref_oid: String,
    head_ref_name: String,
    pub(super) head_ref_oid: String,
    head_repository: Option<RepositoryRef>,
    auto_merge_request: Option<AutoMerge>,
    labels: Option<Page<Label>>,
    pub(super) commits: Page<CommitNode>,
    pub(super) last_commits: Page<CommitNode>,
    pub(super) more_commits: Option<Page<CommitNode>>,
    pub(super) comments: Option<Page<CommentNode>>,
    pub(super) timeline_items: Option<Timeline>,
    pub(super) reviews: Option<Page<ReviewNode>>,
    pub(super) last_reviews: Option<Page<ReviewNode>>,
    pub(super) more_reviews: Option<Page<ReviewNode>>,
    pub(super) even_more_reviews: Option<Page<ReviewNode>>,
    tip: Tip,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoMerge {
    enabled_by: Option<Actor>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

/// Whoever acts. A deleted account is `null`, which the site shows as `ghost`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
    database_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitNode {
    commit: Commit,
}

#[derive(Debug, Deserialize)]
struct Commit {
    oid: String,
    author: Option<GitActor>,
    authors: Page<GitActor>,
    committer: Option<GitActor>,
    signature: Option<SignatureNode>,
}

/// A name and address. `user` is `null` for unlinked addresses, and for those of bots even when they are linked.
#[derive(Debug, Deserialize)]
struct GitActor {
    name: Option<String>,
    email: Option<String>,
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) database_id: Option<u64>,
    login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureNode {
    is_valid: bool,
    // Spelt `wasSignedByGitHub` on the wire.
    #[serde(rename = "wasSignedByGitHub")]
    was_signed_by_github: bool,
    signer: Option<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewNode {
    // Review numbers have outgrown GraphQL's 32-bit `databaseId`; the full one is a decimal string.
    full_database_id: Option<BigInt>,
    state: String,
    submitted_at: Option<String>,
    commit: Option<Oid>,
    author_can_push_to_repository: Option<bool>,
    author: Option<Actor>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum BigInt {
    Text(String),
    Number(u64),
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Deserialize)]
struct Tip {
    nodes: Option<Vec<Option<TipNode>>>,
}

#[derive(Debug, Deserialize)]
struct TipNode {
    commit: TipCommit,
}

/// The last commit of the pull request: what else stands on it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TipCommit {
    pub(super) oid: String,
    pub(super) associated_pull_requests: Option<Page<PullRef>>,
    check_suites: Option<Page<Suite>>,
    rules_check_suites: Option<Page<Suite>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullRef {
    number: u64,
    state: String,
    head_ref_oid: String,
    base_repository: Option<BaseRepository>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseRepository {
    database_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    check_runs: Option<Page<CheckRun>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckRun {
    // Declared as 32-bit, yet GitHub sends the full number here.
    database_id: Option<u64>,
    name: String,
    status: String,
    conclusion: Option<String>,
    external_id: Option<String>,
}

/// The account, or why it is not known.
pub(super) fn account(actor: Option<&Actor>) -> Fact<Account> {
    let Some(actor) = actor else {
        return Fact::unknown("the account is deleted (GitHub shows `ghost`)");
    };
    let Some(id) = actor.database_id else {
        return Fact::unknown(format!("the account `{}` has no number", quote(&actor.login)));
    };
    let kind = match actor.kind.as_str() {
        "User" => AccountKind::User,
        "Bot" => AccountKind::Bot,
        "Organization" => AccountKind::Organization,
        _ => AccountKind::Other,
    };
    // GraphQL leaves out the `[bot]` that REST and the webhooks write; one account must read the same everywhere.
    let login = match kind {
        AccountKind::Bot if !actor.login.ends_with("[bot]") => format!("{}[bot]", actor.login),
        _ => actor.login.clone(),
    };
    Fact::Known(Account { id: UserId(id), login, kind })
}

/// The commit's identities; `None` when not all of its authors are there.
pub(super) fn commit(node: &CommitNode) -> Result<CommitIdentity, String> {
    let commit = &node.commit;
    let oid = Sha::parse(&commit.oid).ok_or("a commit has no object id")?;
    let mut authors: Vec<Person> = commit.authors.nodes().map(person).collect();
    if authors.len() != commit.authors.total_count {
        let (seen, total) = (authors.len(), commit.authors.total_count);
        return Err(format!("could not see all authors of commit {}: {seen} of {total}", oid.short()));
    }
    if authors.is_empty() {
        authors.extend(commit.author.as_ref().map(person));
    }
    Ok(CommitIdentity {
        oid,
        authors,
        committer: commit.committer.as_ref().map(person),
        signature: commit.signature.as_ref().map(|signature| Signature {
            valid: signature.is_valid,
            by_github: signature.was_signed_by_github,
            signer: signature.signer.as_ref().and_then(linked),
        }),
    })
}

fn person(actor: &GitActor) -> Person {
    Person {
        name: actor.name.clone().unwrap_or_default(),
        email: actor.email.clone().unwrap_or_default(),
        account: actor.user.as_ref().and_then(linked),
    }
}

fn linked(user: &User) -> Option<Linked> {
    Some(Linked { id: UserId(user.database_id?), login: user.login.clone() })
}

impl BigInt {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(id) => Some(*id),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// What a review says.
pub(super) fn review_state(word: &str) -> Option<ReviewState> {
    Some(match word {
        "APPROVED" => ReviewState::Approved,
        "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
        "COMMENTED" => ReviewState::Commented,
        "DISMISSED" => ReviewState::Dismissed,
        "PENDING" => ReviewState::Pending,
        _ => return None,
    })
}

/// The review, or what about it is not understood. Who dismissed it is in the timeline.
pub(super) fn review(node: &ReviewNode) -> Result<Review, String> {
    let state = review_state(&node.state)
        .ok_or_else(|| format!("a review has the unknown state `{}`", quote(&node.state)))?;
    Ok(Review {
        id: node.full_database_id.as_ref().and_then(BigInt::number).ok_or("a review has no number")?,
        at: node.submitted_at.as_deref().and_then(moment),
        dismissal: None,
        author: account(node.author.as_ref()),
        state,
        commit: node.commit.as_ref().and_then(|commit| Sha::parse(&commit.oid)),
        can_push: match node.author_can_push_to_repository {
            Some(can) => Fact::Known(can),
            None => Fact::unknown("the forge does not say whether the reviewer may push"),
        },
    })
}

/// The repository; an unusable name or missing number is an incomplete answer.
pub(super) fn repository(node: &RepositoryRef) -> Result<facts::Repository, ForgeError> {
    let id = node.database_id.ok_or_else(|| missing("the repository's number"))?;
    let name = RepoName::parse(&node.name_with_owner).ok_or_else(|| missing("the repository's name"))?;
    Ok(facts::Repository { id: RepoId(id), name })
}

/// The pull request without its commits, reviews, pushers and change, which are put in by those who know them.
pub(super) fn pull(node: &PullNode) -> Result<facts::Pull, ForgeError> {
    let sha = |oid: &str| Sha::parse(oid).ok_or_else(|| missing("a branch's tip"));
    Ok(facts::Pull {
        number: node.number,
        node: node.auto_merge_request.as_ref().map(|_| node.id.clone()).unwrap_or_default(),
        title: node.title.clone(),
        body: node.body.clone(),
        state: match node.state.as_str() {
            "OPEN" => facts::PullState::Open,
            "CLOSED" => facts::PullState::Closed,
            "MERGED" => facts::PullState::Merged,
            _ => return Err(missing("whether the pull request is open")),
        },
        draft: node.is_draft,
        updated_at: moment(&node.updated_at).ok_or_else(|| missing("`updatedAt`"))?,
        author: account(node.author.as_ref()),
        base: facts::Branch { name: node.base_ref_name.clone(), sha: sha(&node.base_ref_oid)? },
        head: facts::Branch { name: node.head_ref_name.clone(), sha: sha(&node.head_ref_oid)? },
        head_repository: node.head_repository.as_ref().map(repository).transpose()?,
        labels: match &node.labels {
            Some(labels) => labels.whole("all labels", |label| label.name.clone()),
            None => Fact::unknown("the forge does not tell the labels"),
        },
        auto_merge: node.auto_merge_request.as_ref().map(|auto| account(auto.enabled_by.as_ref())),
        commits: Fact::unknown("not read"),
        reviews: Fact::unknown("not read"),
        comments: said::comments(node.comments.as_ref()),
        assignments: said::assignments(node.timeline_items.as_ref()),
        carried: Vec::new(),
        lineage: Fact::unknown("not filled in yet"),
        hidden: Fact::unknown("not read"),
        head_since: None,
        opened_at: node.created_at.as_deref().and_then(moment),
        tally: None,
        pushers: Fact::unknown("not filled in yet"),
        change: Fact::unknown("not read"),
        proposed_rules: Vec::new(),
    })
}

impl PullNode {
    /// The last commit that GitHub lists.
    pub(super) fn tip(&self) -> Option<&TipCommit> {
        self.tip.nodes.iter().flatten().flatten().map(|node| &node.commit).next()
    }
}

impl PullRef {
    /// Its number, if it is an open pull request of `repo` other than `number` with the head `head`.
    pub(super) fn sibling_of(&self, repo: RepoId, number: u64, head: &str) -> Option<u64> {
        let base = self.base_repository.as_ref().and_then(|base| base.database_id);
        let same = base == Some(repo.0) && self.head_ref_oid == head && self.state == "OPEN";
        (same && self.number != number).then_some(self.number)
    }
}

/// Check runs called `name`, oldest first. The document asks for those of our App alone.
///
/// What the forge leaves out is not taken for none: a second run would be posted beside the first.
pub(super) fn effects(tip: &TipCommit, name: &str) -> Result<Effects, ForgeError> {
    Ok(Effects {
        checks: checks(tip.check_suites.as_ref(), name)?,
        rules_checks: checks(tip.rules_check_suites.as_ref(), &rules_check(name))?,
    })
}

/// Check runs called `name` on a commit, oldest first.
pub(super) fn shown(tip: &TipCommit, name: &str) -> Result<Vec<facts::ShownCheck>, ForgeError> {
    checks(tip.check_suites.as_ref(), name)
}

fn checks(suites: Option<&Page<Suite>>, name: &str) -> Result<Vec<facts::ShownCheck>, ForgeError> {
    let suites = suites.ok_or_else(|| missing("the check suites of the head"))?;
    let runs: Vec<&Page<CheckRun>> = suites
        .nodes()
        .map(|suite| suite.check_runs.as_ref().ok_or_else(|| missing("the check runs of the head")))
        .collect::<Result<_, _>>()?;
    let mut checks: Vec<_> = runs
        .into_iter()
        .flat_map(Page::nodes)
        .filter(|run| run.name == name)
        .filter_map(|run| {
            Some(facts::ShownCheck {
                id: policy::CheckRunId(run.database_id?),
                completed: run.status == "COMPLETED",
                conclusion: run.conclusion.as_deref().map(str::to_ascii_lowercase),
                external_id: run.external_id.clone(),
            })
        })
        .collect();
    checks.sort_by_key(|check| check.id);
    Ok(checks)
}

fn missing(what: &str) -> ForgeError {
    ForgeError::Incomplete { what: what.to_owned() }
}
