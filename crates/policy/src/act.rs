//! What was seen of something that has happened, or is about to: a branch or tag that moved, a merge, a merge group, a
//! workflow that runs, something that is deployed or published.
//!
//! Unlike a proposed change it cannot be held back, only answered. Who did it is an edge: each move comes from a signed
//! delivery or from the forge's own record of activities, and is judged on its own.

mod deployment;
mod group;
mod guard;
mod merge;
mod name;
mod publication;
mod run;
mod verdict;

use change::{Change, HiddenText};
use serde::{Deserialize, Serialize};

pub use deployment::{Brought, DeploymentFacts, Origin, PushedBy};
pub use group::{GroupFacts, GroupTold, Landing, Member};
pub use guard::{Access, Edge, Guard, GuardEvidence, GuardFacts, GuardTold, Guards, Holder, Lock, Setting};
pub use merge::{MergeFacts, Stood};
pub use name::RefName;
pub use publication::{Publication, PublicationFacts, PublicationTold, Published};
pub use run::{JobTold, Run, RunFacts, RunState};
pub use verdict::{ActVerdict, Deed};

use crate::facts::{Account, Fact, OwnRules, PushTold, Repository, Roster, is_none, none};
use crate::ids::{Millis, Sha};

/// Everything that a verdict about a branch or tag rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository.
    pub repository: Repository,
    /// The branch or tag.
    pub name: RefName,
    /// The repository's default branch, without `refs/heads/`.
    pub default_branch: String,
    /// Where it stands now; `None` when it is not there.
    pub tip: Option<Sha>,
    /// How it came there since it was judged last, oldest first, each beginning where the one before ended.
    pub moves: Fact<Vec<Move>>,
    /// What was tried to put it back from this tip, and refused by the forge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// A push as one signed delivery tells it: what is kept of it until it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// Who pushed. Platform evidence.
    pub actor: Fact<Account>,
    /// Where it stood; `None` when it was not there.
    pub before: Option<Sha>,
    /// Where it stood then; `None` when it was gone.
    pub after: Option<Sha>,
    /// Whether commits were left behind.
    pub forced: bool,
}

/// One move of a branch or tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The delivery that told of it, or the number of the forge's record. Names it in what is kept aside.
    pub id: String,
    /// Who did it. Platform evidence.
    pub actor: Fact<Account>,
    /// Whether the gate did it: its own effects are not judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Where it stood; `None` when it was not there.
    pub before: Option<Sha>,
    /// Where it stood then; `None` when it was gone.
    pub after: Option<Sha>,
    /// Whether commits were left behind, or an existing tag was moved.
    pub forced: bool,
    /// When it was heard of.
    pub at: Millis,
    /// What it changed; of a new branch, since it left the default branch.
    pub change: Fact<Change>,
    /// Text that people do not see, in lines that it added. Only read where an agent moved the default branch.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub hidden: Fact<Vec<HiddenText>>,
    /// Whether the forge calls the signature of every new commit verified.
    pub signed: Fact<bool>,
    /// Whether the new tip is a copy of the one before, with its message, parents and date, but without its signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stripped: bool,
    /// What the agent pushed within the day before it, newest first and no more than a quota can ask for. Only told
    /// where one asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_before: Option<Fact<Vec<PushTold>>>,
    /// The pull requests that it landed.
    #[serde(default = "nothing_landed")]
    pub landed: Fact<Vec<Landed>>,
}

fn nothing_landed() -> Fact<Vec<Landed>> {
    Fact::Known(Vec::new())
}

/// A pull request whose merge made a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// Its number.
    pub number: u64,
    /// The head that was merged.
    pub head: Sha,
    /// Whether the gate's verdict for that head was a success.
    pub passed: bool,
    /// Whether it landed in a merge group that the gate judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
}

impl Move {
    /// Whether the branch or tag is new.
    #[must_use]
    pub fn is_creation(&self) -> bool {
        self.before.is_none()
    }

    /// Whether it is gone.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        self.after.is_none()
    }
}

/// Something that was tried and that the forge refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was tried.
    pub what: Remedy,
    /// What the forge said, hostile text.
    pub why: String,
}

/// Ways to take a move back, from the first choice to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The branch or tag stands where it stood.
    MoveBack,
    /// A commit on top takes the content back.
    Inverse,
    /// A pull request proposes that commit.
    Propose,
}
