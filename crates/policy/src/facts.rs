//! All that was seen of a subject when it was judged.
//!
//! Facts are plain data: they are stored with the verdict and a verdict can be replayed from them. What could not
//! be seen is [`Fact::Unknown`] with the reason, never an empty list: not knowing is never a pass.

mod quota;
mod review;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use change::{Change, HiddenText};
use serde::{Deserialize, Serialize};

use crate::ids::{CheckRunId, Millis, RepoId, RepoName, Sha, UserId};
use crate::subject::Floor;

pub use quota::{Counted, Going, PushTold};
pub use review::{Assignment, Carried, Comment, Dismissal, Review, ReviewState};

/// Something seen, or the reason why it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It was seen, completely.
    Known(T),
    /// It was not, or not completely; the text says why, for people.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The value, or the reason why it is not known.
    ///
    /// # Errors
    /// The reason, when the fact is unknown.
    pub fn get(&self) -> Result<&T, &str> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(why) => Err(why),
        }
    }

    /// An unknown fact with its reason.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }
}

/// Facts of an earlier version tell nothing of this, and were judged without.
pub(crate) fn none<T>() -> Fact<Vec<T>> {
    Fact::Known(Vec::new())
}

pub(crate) fn is_none<T>(fact: &Fact<Vec<T>>) -> bool {
    fact.get().is_ok_and(Vec::is_empty)
}

/// Everything a verdict about a pull request rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// When the look was taken. The core has no clock: time is a fact.
    pub now: Millis,
    /// The base repository.
    pub repository: Repository,
    /// The pull request that was looked at.
    pub pull: Pull,
    /// Other open pull requests of the repository with the same head: one check run serves them all.
    pub siblings: Fact<Vec<Pull>>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// A repository's own rules, as its default branch has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRules {
    /// What stands there now; `None` when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<RulesText>,
    /// Why what stands there can be no rules: too large, no text, no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<String>,
    /// What stood there when it was last valid; only looked up when it is not valid now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<RulesText>,
}

/// The text of a rules file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesText {
    /// The blob's object id. Not a commit: the tip of the branch moves with every merge, the file hardly ever.
    pub blob: Sha,
    /// All of it.
    pub text: String,
}

/// A repository: the number identifies, the name is for showing and for matching globs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Survives renames.
    pub id: RepoId,
    /// As the forge spells it now.
    pub name: RepoName,
}

/// One pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Its number in the base repository.
    pub number: u64,
    /// The forge's global id, by which mutations name it; only kept while auto-merge is on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Hostile text.
    pub title: String,
    /// Hostile text; only searched for traces of agents.
    pub body: String,
    /// Open, closed or merged.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// When the forge says it last changed.
    pub updated_at: Millis,
    /// Who opened it. Platform evidence.
    pub author: Fact<Account>,
    /// Where it would land.
    pub base: Branch,
    /// What it proposes.
    pub head: Branch,
    /// Where the head branch lives: `None` when that fork is gone.
    pub head_repository: Option<Repository>,
    /// Labels, in the forge's order.
    pub labels: Fact<Vec<String>>,
    /// Who switched auto-merge on, when it is on.
    pub auto_merge: Option<Fact<Account>>,
    /// What the forge says about each commit between the base and the head.
    pub commits: Fact<Vec<CommitIdentity>>,
    /// Every review, oldest first.
    pub reviews: Fact<Vec<Review>>,
    /// Comments that begin as a command does, oldest first: of the newest that could be read in one call.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub comments: Fact<Vec<Comment>>,
    /// Who was assigned to it by whom. Platform evidence.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub assignments: Fact<Vec<Assignment>>,
    /// Since when the head has been the head, as looks saw it: never earlier than it was. Only told when some rule asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_since: Option<Millis>,
    /// Commits of it that were first seen in another pull request, as an agent's: it opened that one, or pushed them to
    /// it. Platform evidence.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub lineage: Fact<Vec<Descent>>,
    /// When it was opened. Only told of an agent's, where a quota asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Millis>,
    /// The agent's other pull requests that count beside it: those that were opened before, and those that were merged
    /// within the day. Only told where a quota asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Fact<Vec<Counted>>>,
    /// Whether the head is nothing but an older head on a newer base: of each that an approval was given on which would
    /// count otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Carried>,
    /// Who pushed to it, as the signed deliveries told. Platform evidence.
    pub pushers: Fact<Vec<Account>>,
    /// What changed, from git's own objects.
    pub change: Fact<Change>,
    /// Text that people do not see, in lines that it adds. Only read where an agent had a hand in it.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub hidden: Fact<Vec<HiddenText>>,
    /// Rules files that it changes, as its head has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposed_rules: Vec<ProposedRules>,
}

/// A rules file that a pull request changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedRules {
    /// Where it stands in the repository.
    pub path: String,
    /// What the head has there; `None` when it takes the file away.
    pub text: Fact<Option<String>>,
}

/// A commit that was first seen in a pull request as an agent's, which opened it or pushed the commit to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descent {
    /// The commit.
    pub oid: Sha,
    /// The agent, by its name in the rules of that time or by its login.
    pub agent: String,
    /// That pull request.
    pub number: u64,
}

/// Whether a pull request can still be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// Can be merged.
    Open,
    /// Closed without merging.
    Closed,
    /// Merged.
    Merged,
}

/// A branch and its tip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The name without `refs/heads/`.
    pub name: String,
    /// The tip's full object id.
    pub sha: Sha,
}

/// An account as the forge asserts it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// Identifies.
    pub id: UserId,
    /// Only for showing: logins are renamed and reused.
    pub login: String,
    /// GitHub's kind of account.
    pub kind: AccountKind,
}

/// GitHub's kinds of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A user, which may still be a machine's.
    User,
    /// The account of a GitHub App.
    Bot,
    /// An organisation.
    Organization,
    /// Anything else, such as an imported placeholder.
    Other,
}

/// What the forge says about one commit: claimed identities, linked accounts, signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitIdentity {
    /// The commit.
    pub oid: Sha,
    /// The author first, then co-authors.
    pub authors: Vec<Person>,
    /// Who committed it; GitHub's own web commits say `GitHub`.
    pub committer: Option<Person>,
    /// The signature, when there is one.
    pub signature: Option<Signature>,
}

/// A name and address in a commit, and the account that the forge links the address to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Claimed.
    pub name: String,
    /// Claimed.
    pub email: String,
    /// The user account that owns the address; still claimed, for anyone may write any address.
    pub account: Option<Linked>,
}

/// The user account that an e-mail address belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Linked {
    /// Identifies.
    pub id: UserId,
    /// Only for showing.
    pub login: String,
}

/// A commit's signature as the forge verified it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Whether the forge calls it verified.
    pub valid: bool,
    /// Signed with GitHub's own key (web edits, merges, commits made through the API).
    pub by_github: bool,
    /// The account whose key signed.
    pub signer: Option<Linked>,
}

/// An organisation or a team that the rules name, in lower case: `acme` or `@acme/security`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Group {
    /// Every member of an organisation.
    Organization(String),
    /// Every member of a team, child teams included.
    Team {
        /// The organisation.
        org: String,
        /// The team's slug.
        slug: String,
    },
}

impl Group {
    /// Parses `acme` or `@acme/security`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let text = text.to_ascii_lowercase();
        match text.strip_prefix('@').and_then(|team| team.split_once('/')) {
            Some((org, slug)) => {
                (plain(org) && plain(slug)).then(|| Self::Team { org: org.into(), slug: slug.into() })
            }
            None => plain(&text).then_some(Self::Organization(text)),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(org) => f.write_str(org),
            Self::Team { org, slug } => write!(f, "@{org}/{slug}"),
        }
    }
}

impl TryFrom<String> for Group {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{}` is no organisation or team", text.escape_debug()))
    }
}

impl From<Group> for String {
    fn from(group: Group) -> Self {
        group.to_string()
    }
}

/// Who belongs to the groups that the rules name, as far as the accounts in these facts are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roster {
    /// Only accounts that appear in the facts are listed: an organisation may have thousands.
    pub groups: BTreeMap<Group, Fact<BTreeSet<UserId>>>,
}

impl Roster {
    /// Whether the account belongs to the group.
    #[must_use]
    pub fn has(&self, group: &Group, account: UserId) -> Fact<bool> {
        match self.groups.get(group) {
            Some(Fact::Known(members)) => Fact::Known(members.contains(&account)),
            Some(Fact::Unknown(why)) => Fact::Unknown(why.clone()),
            None => Fact::unknown(format!("the members of `{group}` were not looked up")),
        }
    }
}

/// What the rules need to know beyond the pull request itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Organisations and teams whose members matter.
    pub groups: BTreeSet<Group>,
    /// Whether changed lines must be counted, which fetches file contents.
    pub lines: Lines,
    /// Accounts of which the changed lines of each pull request must be counted all the same.
    pub lines_of: BTreeSet<UserId>,
    /// Whether moments must be told: since when the head is there, and when reviews were given.
    pub moments: Moments,
    /// The name of our check run.
    pub check: String,
}

/// Whether moments must be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Moments {
    /// No tier asks.
    #[default]
    Skip,
    /// Some tier asks.
    Tell,
}

/// Whether changed lines must be counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lines {
    /// No rule asks.
    #[default]
    Skip,
    /// Some rule asks.
    Count,
}

/// A look at a subject: what the verdict rests on, and what the forge shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What the verdict rests on.
    pub facts: Facts,
    /// What the forge shows now.
    pub effects: Effects,
}

impl Observed {
    /// Whether the forge showed something older than a delivery already told. Reviews that could not be read are not
    /// older: they are unknown, and the verdict says so.
    #[must_use]
    pub fn is_older_than(&self, floor: &Floor) -> bool {
        let pull = &self.facts.pull;
        let lacks_the_review = pull.reviews.get().is_ok_and(|reviews| {
            let shown: Vec<_> = reviews.iter().map(|review| (review.id, review.state)).collect();
            floor.review_is_missing(&shown)
        });
        lacks_the_review || floor.is_above(pull.updated_at, &pull.head.sha)
    }
}

/// What the forge shows now of our own effects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// Check runs of our App by our name on the head, oldest first.
    pub checks: Vec<ShownCheck>,
    /// The same of the check that validates rules which a pull request proposes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules_checks: Vec<ShownCheck>,
}

/// A check run as the forge shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCheck {
    /// Its number.
    pub id: CheckRunId,
    /// GitHub's word for how it stands: `completed` or not.
    pub completed: bool,
    /// GitHub's conclusion, lower case.
    pub conclusion: Option<String>,
    /// The digest of the verdict it shows.
    pub external_id: Option<String>,
}
