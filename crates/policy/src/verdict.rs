//! The whole of what was decided about a subject, as data.
//!
//! Every surface (check run, `explain`, JSON) renders this tree and nothing else, so all tell the same. It carries
//! no clock: the same facts and rules give the same verdict and the same [`Verdict::digest`].

pub mod code;

use std::collections::BTreeSet;

use change::{Class, RawPath};
pub use code::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::{Account, Group, Repository};
use crate::ids::{Millis, Sha};

/// What was decided about the head of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The base repository.
    pub repository: Repository,
    /// The commit that was judged; a verdict belongs to a SHA.
    pub head: Sha,
    /// The check run that shows it.
    pub check: String,
    /// The strictest of all pull requests with this head.
    pub conclusion: Conclusion,
    /// Whether the forge is to block by it.
    pub enforcement: Enforcement,
    /// Which rules it was judged by.
    pub rules: RulesInForce,
    /// One for each open pull request with this head, the subject first. Empty when none is open.
    pub pulls: Vec<PullVerdict>,
    /// One for each rules file that they change: is it valid as the head has it?
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// The merge group, when the head is one's: `pulls` are then those that it lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupVerdict>,
}

/// What is to be said of a merge group itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupVerdict {
    /// The branch that it lands on. Hostile text.
    pub base: String,
    /// Complaints about what it would land, strictest first.
    pub findings: Vec<Finding>,
}

/// What is to be said of a rules file that a pull request proposes. It decides nothing: what is judged is judged by the
/// rules of the default branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Where it stands in the repository.
    pub path: String,
    /// Whose rules it would be.
    pub whose: Whose,
    /// Whether it could come into force.
    pub state: ProposalState,
    /// Everything that is wrong or doubtful, in the order of the file.
    pub remarks: Vec<Remark>,
    /// What would hold in addition, in sentences; may quote the file, so hostile text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adds: Vec<String>,
    /// What would hold no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removes: Vec<String>,
}

/// Whose rules a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The organisation's.
    Organization,
    /// The repository's own.
    Repository,
}

/// Whether proposed rules could come into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// They could.
    Valid,
    /// They could not: the last good ones would stay in force.
    Invalid,
    /// The file would be gone.
    Removed,
    /// They could not be read, and why.
    Unseen(String),
}

/// A complaint about proposed rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Stable code.
    pub code: String,
    /// Whether it makes the file invalid.
    pub error: bool,
    /// First line, counted from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// What is wrong; may quote the file, so hostile text.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Verdict {
    /// What the forge shows: `evaluate` and `disabled` pass whatever was decided.
    #[must_use]
    pub fn shown(&self) -> Conclusion {
        match self.enforcement {
            Enforcement::Active => self.conclusion,
            Enforcement::Evaluate | Enforcement::Disabled => Conclusion::Success,
        }
    }

    /// SHA-256 over the verdict, in hex: two verdicts with one digest read the same everywhere.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(text))
    }
}

/// What GitHub is told. `neutral` and `skipped` do not exist here: both satisfy a required check.
///
/// Ordered from mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It may land.
    Success,
    /// Somebody must do something first, such as approve.
    ActionRequired,
    /// It may not land as it is.
    Failure,
}

impl Conclusion {
    /// GitHub's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ActionRequired => "action_required",
            Self::Failure => "failure",
        }
    }
}

/// Whether verdicts block, in the words of GitHub's rulesets. Ordered from mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Judge nothing, and pass.
    Disabled,
    /// Report what would have been blocked, and pass.
    Evaluate,
    /// Block.
    Active,
}

impl Enforcement {
    /// All of them, strictest first.
    pub const ALL: [Self; 3] = [Self::Active, Self::Evaluate, Self::Disabled];

    /// The word in `rules.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Evaluate => "evaluate",
            Self::Disabled => "disabled",
        }
    }
}

/// Which rules a verdict rests on, and whether a newer file was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// Where they were read from.
    pub source: String,
    /// The commit of the default branch that last changed them; `None` for a local file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Sha>,
    /// SHA-256 of their text in hex; `None` when no valid rules were ever seen.
    pub digest: Option<String>,
    /// Why the text that stands there now is not the one in force.
    pub trouble: Option<String>,
    /// The repository's own rules, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnRulesInForce>,
}

/// What a repository's own rules added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRulesInForce {
    /// Where they stand in the repository.
    pub source: String,
    /// The object id of the file in force; `None` when the organisation's rules alone hold.
    pub blob: Option<Sha>,
    /// SHA-256 of the text in force in hex; `None` when the organisation's rules alone hold.
    pub digest: Option<String>,
    /// Why the text that stands there now is not the one in force.
    pub trouble: Option<String>,
}

/// What was decided about one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullVerdict {
    /// Its number.
    pub number: u64,
    /// Hostile text.
    pub title: String,
    /// The strictest of its findings.
    pub conclusion: Conclusion,
    /// Whose work it is.
    pub involvement: Involvement,
    /// Every complaint and every rule that applied, strictest first.
    pub findings: Vec<Finding>,
    /// Each tier that some finding requires, once.
    pub tiers: Vec<TierState>,
    /// Whether auto-merge is on and is to be switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop_auto_merge: bool,
    /// When a quota may let it pass, if that comes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Millis>,
}

/// Whose work a pull request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involvement {
    /// Who opened it.
    pub author: Option<Account>,
    /// How it is judged.
    pub judged_as: JudgedAs,
    /// Every agent that had a hand in it, and how that is known.
    pub agents: Vec<AgentTrace>,
}

/// How a pull request is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgedAs {
    /// No agent had a hand in it: the rules are not asked.
    People,
    /// A person's work with traces of an agent, for which the rules make a provision.
    Assisted,
    /// An agent's work: bounds and rules.
    Agents,
    /// It could not be found out.
    Unknown,
}

/// One sign that an agent had a hand in a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AgentTrace {
    /// The agent's name in `rules.toml`; `None` when it is not registered there.
    pub registered: Option<String>,
    /// The agent's id in the catalogue or its login, for people.
    pub called: String,
    /// What the evidence may do.
    pub class: EvidenceClass,
    /// What was seen, hostile text.
    pub seen: String,
}

/// What a piece of evidence may do. Ordered from strong to weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceClass {
    /// The forge vouches for it: may decide.
    Platform,
    /// A signature proves it: may decide.
    Cryptographic,
    /// Anybody could have written it: may only raise scrutiny.
    Claimed,
}

/// One complaint, or one rule that applied and is content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, for machines and for searching: `rule`, `agent-branch`, `cannot-see`…
    pub code: Code,
    /// What it does to the verdict.
    pub effect: Effect,
    /// The rule, agent or tier in `rules.toml` that it rests on.
    pub rule: Option<RuleRef>,
    /// One sentence: what is wrong, or what holds.
    pub message: String,
    /// The rule's own reason.
    pub why: Option<String>,
    /// The facts that decided it.
    pub evidence: Vec<Evidence>,
    /// How many pieces of evidence there are, more than are listed perhaps.
    pub evidence_total: usize,
    /// What to do next, and who can.
    pub way_out: Option<String>,
}

/// What a finding does to the verdict. Ordered from mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Applied and is satisfied.
    Satisfied,
    /// Blocks until somebody acts.
    Waits,
    /// Blocks because something could not be seen.
    Unseen,
    /// Blocks.
    Denies,
}

impl Effect {
    /// The conclusion that the effect alone leads to.
    #[must_use]
    pub fn conclusion(self) -> Conclusion {
        match self {
            Self::Satisfied => Conclusion::Success,
            Self::Waits => Conclusion::ActionRequired,
            Self::Unseen | Self::Denies => Conclusion::Failure,
        }
    }
}

/// A place in `rules.toml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleRef {
    /// The rule's id, or `agents.NAME`.
    pub id: String,
    /// Its line, counted from 1.
    pub line: u32,
    /// Where the rules stand.
    pub source: String,
}

/// A fact that decided a finding. All text in it is hostile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A changed path and the classes it falls in.
    Path {
        /// The path.
        path: RawPath,
        /// Its change classes.
        classes: BTreeSet<Class>,
    },
    /// A line of a changed file.
    Line {
        /// The file.
        path: RawPath,
        /// The line, counted from 1.
        line: u32,
        /// What about it: a sentence of ours.
        note: String,
    },
    /// A commit.
    Commit {
        /// The commit.
        oid: Sha,
        /// What about it.
        note: String,
    },
    /// An account.
    Account(Account),
    /// Anything else, in words.
    Note(String),
}

/// Text from outside that is to stand between backticks in a sentence of ours must not bring its own: what follows them
/// would read as our words.
#[must_use]
pub fn quoted(text: &str) -> String {
    text.replace('`', "'")
}

/// A tier that is required, and who has approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierState {
    /// The tier's name in `rules.toml`.
    pub name: String,
    /// Which rules require it.
    pub required_by: BTreeSet<String>,
    /// The repository's own line that made it stricter than the organisation's rules have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_by: Option<RuleRef>,
    /// How many approvals it needs.
    pub needed: u32,
    /// Teams of which at least one counted approver must be a member; empty when any person will do.
    pub from: BTreeSet<Group>,
    /// Teams of each of which one approver must be a member, all of them different people.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub each: BTreeSet<Group>,
    /// Approvals that count.
    pub counted: Vec<Approval>,
    /// Approvals that do not, and why.
    pub disqualified: Vec<Disqualified>,
    /// What is missing beside the number of approvals and [`TierState::from`], in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// When this may change by itself: a wait is over, or an approval is too old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_at: Option<Millis>,
    /// Whether the tier is satisfied.
    pub satisfied: bool,
    /// Why satisfaction could not be determined, if so.
    pub unseen: Option<String>,
}

impl TierState {
    /// Whether nobody of [`TierState::from`] approved, where somebody must.
    #[must_use]
    pub fn lacks_team(&self) -> bool {
        let covers = |approval: &Approval| approval.teams.iter().any(|team| self.from.contains(team));
        !self.from.is_empty() && !self.counted.iter().any(covers)
    }
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who gave it.
    pub by: Account,
    /// Which of the tier's teams the person belongs to.
    pub teams: BTreeSet<Group>,
    /// Whether it was given as a comment rather than as a review.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commented: bool,
}

/// An approval that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disqualified {
    /// Who gave it; `None` when the account is gone.
    pub by: Option<Account>,
    /// Why it does not count.
    pub because: Vec<Disqualification>,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disqualification {
    /// It is an agent's account.
    NotAPerson,
    /// It is the account of an agent that goes by this name: the review of a machine.
    Agent(String),
    /// Whether it is a person's account could not be seen.
    PersonUnknown(String),
    /// The account may not push to the repository.
    NoWriteAccess,
    /// Whether it may could not be seen.
    AccessUnknown(String),
    /// It was given on another commit.
    OtherCommit(Option<Sha>),
    /// It was given on another commit, and whether the head is that one on a newer base could not be seen.
    UpdateUnknown(Sha, String),
    /// Its giver opened the pull request.
    Author,
    /// Its giver wrote or co-wrote a commit of it.
    CommitAuthor(Sha),
    /// Its giver committed a commit of it.
    Committer(Sha),
    /// Its giver pushed to it.
    Pusher,
    /// Its giver switched auto-merge on.
    AutoMergeEnabler,
    /// Who wrote the commits could not be seen.
    IndependenceUnknown(String),
    /// Its giver put an agent in charge of the pull request.
    Requester,
    /// Its giver started the deployment that it is about.
    Deployer,
    /// Its giver answers for this agent, and the tier excludes owners.
    Owner(String),
    /// Whether its giver answers for an agent could not be seen.
    OwnerUnknown(String),
    /// It is older than the tier allows.
    TooOld,
    /// How old it is could not be seen.
    AgeUnknown,
    /// It was given as a comment whose first line is no command.
    NoCommand,
    /// It was given as a comment that said something else at some time.
    Edited,
    /// It was given as a comment that an App wrote in its giver's name.
    ThroughApp,
    /// Whether an App wrote the comment could not be seen.
    ThroughAppUnknown(String),
    /// A review of its giver's says otherwise, or was dismissed since.
    Overruled,
}
