//! What a verdict is about, and how fresh a look at it must be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::act::RefName;
use crate::facts::ReviewState;
use crate::ids::{InstallationId, Millis, RepoId, RepoName, RunId, Sha};

/// What a verdict is about. Two subjects are the same when their [`Subject::key`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A pull request.
    Pull(PullSubject),
    /// A branch or tag.
    Ref(RefSubject),
    /// A group of pull requests that the forge's merge queue is about to land together.
    Group(GroupSubject),
    /// The merge of a pull request, after the fact.
    Merge(PullSubject),
    /// A workflow run.
    Run(RunSubject),
    /// A deployment by a workflow run, which waits for the gate's answer.
    Deployment(DeploymentSubject),
    /// Something published: a deployment outside of workflow runs, a release, a package.
    Publication(PublicationSubject),
    /// What guards a repository.
    Guard(GuardSubject),
    /// The gate's own installation.
    Installation(InstallationSubject),
}

/// A deployment by a workflow run as a subject, with all attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The run; identifies.
    pub run: RunId,
    /// The environment; identifies, without regard to case. Hostile text.
    pub environment: String,
}

/// Something published as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// What kind of thing and its number there: `release/17`; identifies.
    pub thing: String,
}

/// What guards a repository, as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
}

/// An installation as a subject: what the gate may do and see at one organisation or account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationSubject {
    /// Which one; identifies.
    pub installation: InstallationId,
    /// Where a repository is asked for: the account's name and a hyphen. See [`InstallationSubject::at`].
    repo: RepoName,
}

/// No repository has this number.
const NO_REPOSITORY: RepoId = RepoId(0);

impl InstallationSubject {
    /// An installation at an organisation or account of this name; `None` when that can be no name.
    #[must_use]
    pub fn at(installation: InstallationId, account: &str) -> Option<Self> {
        let repo = RepoName::parse(&format!("{account}/-"))?;
        Some(Self { installation, repo })
    }

    /// The organisation's or account's name.
    #[must_use]
    pub fn account(&self) -> &str {
        self.repo.owner()
    }
}

/// A workflow run as a subject, with all its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The run; identifies.
    pub run: RunId,
}

/// A merge group as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The full name of the branch that the queue made for it; identifies.
    pub head_ref: RefName,
}

/// A branch or tag as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository; identifies.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The full name; identifies.
    pub name: RefName,
}

/// Where a subject lives.
#[derive(Debug, Clone, Copy)]
pub struct Place<'s> {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The repository.
    pub repo_id: RepoId,
    /// The repository's name when it was last heard of; only a hint.
    pub repo: &'s RepoName,
}

/// A pull request as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The base repository; identifies.
    pub repo_id: RepoId,
    /// The base repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The pull request's number; identifies.
    pub number: u64,
}

impl Subject {
    /// The identity of the subject: one row of work each. Free of anything that can be renamed.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Pull(pull) => format!("pull/{}/{}", pull.repo_id, pull.number),
            Self::Ref(moved) => format!("ref/{}/{}", moved.repo_id, moved.name.as_str()),
            Self::Run(run) => format!("run/{}/{}", run.repo_id, run.run),
            Self::Group(group) => format!("group/{}/{}", group.repo_id, group.head_ref.as_str()),
            Self::Merge(pull) => format!("merge/{}/{}", pull.repo_id, pull.number),
            Self::Deployment(DeploymentSubject { repo_id, run, environment, .. }) => {
                format!("deployment/{repo_id}/{run}/{}", environment.to_ascii_lowercase())
            }
            Self::Publication(published) => format!("publication/{}/{}", published.repo_id, published.thing),
            Self::Guard(guard) => format!("guard/{}", guard.repo_id),
            Self::Installation(installed) => format!("installation/{}", installed.installation),
        }
    }

    /// Where it lives.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        match self {
            Self::Pull(PullSubject { installation, repo_id, repo, .. })
            | Self::Merge(PullSubject { installation, repo_id, repo, .. })
            | Self::Ref(RefSubject { installation, repo_id, repo, .. })
            | Self::Group(GroupSubject { installation, repo_id, repo, .. })
            | Self::Deployment(DeploymentSubject { installation, repo_id, repo, .. })
            | Self::Publication(PublicationSubject { installation, repo_id, repo, .. })
            | Self::Guard(GuardSubject { installation, repo_id, repo })
            | Self::Run(RunSubject { installation, repo_id, repo, .. }) => {
                Place { installation: *installation, repo_id: *repo_id, repo }
            }
            Self::Installation(InstallationSubject { installation, repo }) => {
                Place { installation: *installation, repo_id: NO_REPOSITORY, repo }
            }
        }
    }

    /// The pull request, if it is one.
    #[must_use]
    pub fn pull(&self) -> Option<&PullSubject> {
        match self {
            Self::Pull(pull) => Some(pull),
            Self::Ref(_)
            | Self::Group(_)
            | Self::Run(_)
            | Self::Merge(_)
            | Self::Deployment(_)
            | Self::Publication(_)
            | Self::Guard(_)
            | Self::Installation(_) => None,
        }
    }

    /// The same subject, in a repository that is reached and called as this.
    #[must_use]
    pub fn reached(mut self, installation: InstallationId, repo: &RepoName) -> Self {
        let (own_installation, own_repo) = match &mut self {
            Self::Pull(pull) | Self::Merge(pull) => (&mut pull.installation, &mut pull.repo),
            Self::Group(group) => (&mut group.installation, &mut group.repo),
            Self::Ref(moved) => (&mut moved.installation, &mut moved.repo),
            Self::Run(run) => (&mut run.installation, &mut run.repo),
            Self::Deployment(asked) => (&mut asked.installation, &mut asked.repo),
            Self::Publication(published) => (&mut published.installation, &mut published.repo),
            Self::Guard(guard) => (&mut guard.installation, &mut guard.repo),
            // It is what reaches, and is of no repository.
            Self::Installation(_) => return self,
        };
        *own_installation = installation;
        own_repo.clone_from(repo);
        self
    }

    /// The repository's name when it was last heard of.
    #[must_use]
    pub fn repo(&self) -> &RepoName {
        self.place().repo
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull(pull) => write!(f, "{}#{}", pull.repo, pull.number),
            Self::Ref(moved) => write!(f, "{} {}", moved.repo, moved.name),
            Self::Run(run) => write!(f, "{} run {}", run.repo, run.run),
            Self::Group(group) => write!(f, "{} {}", group.repo, group.head_ref),
            Self::Merge(pull) => write!(f, "{}#{} merged", pull.repo, pull.number),
            Self::Deployment(asked) => write!(
                f,
                "{} run {} to {}",
                asked.repo,
                asked.run,
                crate::verdict::quoted(&asked.environment)
            ),
            Self::Publication(published) => write!(f, "{} {}", published.repo, published.thing),
            Self::Guard(guard) => write!(f, "{} protections", guard.repo),
            Self::Installation(installed) => write!(f, "installation at {}", installed.account()),
        }
    }
}

/// The least that a look at the subject must have seen: GitHub's API may lag behind its webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// `updated_at` of the newest delivery.
    pub updated_at: Option<Millis>,
    /// The head that came with it.
    pub head: Option<Sha>,
    /// The newest review that a delivery told of.
    #[serde(default)]
    pub review: Option<ReviewFloor>,
}

/// A review that a delivery told of, and what it said then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewFloor {
    /// GitHub's number of the review; rises with time.
    pub id: u64,
    /// What it said.
    pub state: ReviewState,
}

impl Floor {
    /// The stricter of both: the later moment and the head that came with it, and the newer review whichever moment it
    /// came with. On a tie `newer` wins.
    #[must_use]
    pub fn raise(self, newer: Self) -> Self {
        let review = self.newer_review(&newer);
        let (later, earlier) =
            if newer.updated_at >= self.updated_at { (newer, self) } else { (self, newer) };
        // A comment tells a moment and no head: the head told before goes on to be the newest known.
        let head = later.head.or(earlier.head);
        Self { review, head, ..later }
    }

    /// Deliveries come in any order: a dismissal is final, and an older moment brings no older review back.
    fn newer_review(&self, newer: &Self) -> Option<ReviewFloor> {
        let (Some(kept), Some(told)) = (self.review, newer.review) else {
            return newer.review.or(self.review);
        };
        let dismissed = told.id == kept.id && kept.state == ReviewState::Dismissed;
        let late = told.id < kept.id && newer.updated_at < self.updated_at;
        Some(if dismissed || late { kept } else { told })
    }

    /// Whether these reviews do not show yet what a delivery told: the review, or that it was dismissed.
    #[must_use]
    pub fn review_is_missing(&self, reviews: &[(u64, ReviewState)]) -> bool {
        let Some(told) = self.review else { return false };
        match reviews.iter().find(|(id, _)| *id == told.id) {
            None => true,
            Some((_, state)) => told.state == ReviewState::Dismissed && *state != ReviewState::Dismissed,
        }
    }

    /// Whether something read with this `updated_at` and `head` is older than what a delivery already told.
    ///
    /// GitHub's moments have whole seconds, so an equal moment with another head counts as older.
    #[must_use]
    pub fn is_above(&self, updated_at: Millis, head: &Sha) -> bool {
        match self.updated_at {
            None => false,
            Some(floor) if updated_at < floor => true,
            Some(floor) if updated_at > floor => false,
            Some(_) => self.head.as_ref().is_some_and(|told| told != head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReviewState::{Approved, Dismissed};

    fn floor(at: i64, review: Option<(u64, ReviewState)>) -> Floor {
        let review = review.map(|(id, state)| ReviewFloor { id, state });
        Floor { updated_at: Some(Millis(at)), head: None, review }
    }

    #[test]
    fn the_newer_review_stays_whichever_moment_it_came_with() {
        let raised = |a: Floor, b: Floor| {
            let floor = a.raise(b);
            (floor.updated_at.map(|at| at.0), floor.review.map(|review| (review.id, review.state)))
        };
        let one = Some((1, Approved));
        assert_eq!(raised(floor(5, one), floor(6, None)), (Some(6), one));
        assert_eq!(raised(floor(5, None), floor(4, one)), (Some(5), one));
        assert_eq!(raised(floor(5, one), floor(4, Some((2, Approved)))), (Some(5), Some((2, Approved))));
        assert_eq!(raised(floor(5, Some((2, Approved))), floor(4, one)), (Some(5), Some((2, Approved))));
        assert_eq!(
            raised(floor(5, Some((2, Approved))), floor(6, Some((1, Dismissed)))).1,
            Some((1, Dismissed))
        );
        assert_eq!(raised(floor(5, Some((1, Dismissed))), floor(5, one)).1, Some((1, Dismissed)), "final");
    }

    #[test]
    fn a_review_is_missing_until_it_says_what_was_told() {
        assert!(!floor(1, None).review_is_missing(&[]));
        let given = floor(1, Some((3, Approved)));
        assert!(given.review_is_missing(&[(2, Approved)]));
        assert!(!given.review_is_missing(&[(2, Approved), (3, Dismissed)]), "the look may be newer");
        let dismissed = floor(1, Some((3, Dismissed)));
        assert!(dismissed.review_is_missing(&[(3, Approved)]));
        assert!(dismissed.review_is_missing(&[(2, Dismissed)]));
        assert!(!dismissed.review_is_missing(&[(3, Dismissed)]));
    }
}
