//! What was seen of a merge after the fact: did it pass the gate, and is what landed what was judged?

use serde::{Deserialize, Serialize};

use super::Landing;
use crate::facts::{Account, Fact, Facts, OwnRules, Repository};
use crate::ids::{Millis, Sha};
use crate::verdict::{Conclusion, Enforcement, Involvement};

/// Everything that the audit of a merge rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository.
    pub repository: Repository,
    /// The pull request.
    pub number: u64,
    /// Its title, hostile text.
    pub title: String,
    /// The branch that it landed on, without `refs/heads/`.
    pub base: String,
    /// The head that was merged.
    pub head: Sha,
    /// The commit that the forge calls the merge.
    pub commit: Fact<Sha>,
    /// Who merged it. Platform evidence.
    pub by: Fact<Account>,
    /// When.
    pub at: Option<Millis>,
    /// Whether the merge queue landed it, and the gate had judged the group.
    pub queued: bool,
    /// The gate's verdict that stood for that head; `None` when there was none.
    pub stood: Option<Stood>,
    /// The pull request as it would be judged were it still open; only looked at where no verdict stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<Box<Facts>>,
    /// What became of the head.
    pub landing: Fact<Landing>,
    /// Pull requests that take it back, proposed by the gate already.
    pub reverts: Fact<Vec<u64>>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// A verdict that stood when a pull request was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// What was decided about it.
    pub conclusion: Conclusion,
    /// Whether the forge blocked by it.
    pub enforcement: Enforcement,
    /// Whose work it was.
    pub involvement: Involvement,
}

impl Stood {
    /// What the forge showed: `evaluate` and `disabled` pass whatever was decided.
    #[must_use]
    pub fn shown(&self) -> Conclusion {
        match self.enforcement {
            Enforcement::Active => self.conclusion,
            Enforcement::Evaluate | Enforcement::Disabled => Conclusion::Success,
        }
    }
}
