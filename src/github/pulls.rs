//! Reading one pull request whole, as a rule in one call.
//!
//! What cannot be read whole becomes `Fact::Unknown` with numbers, never a shorter list. The answer is one document;
//! further calls only fill the middle of lists with more than 200 members (see [`super::window`]).

use std::collections::BTreeMap;
use std::time::Duration;

use policy::facts::{CommitIdentity, Pull, Repository, Review};
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Effects, Fact, InstallationId, RepoId, RepoName, Sha, rules_check};
use serde::Serialize;

use super::api::Api;
use super::error::ForgeError;
use super::file::{self, RulesFile};
use super::graphql::PULL_REQUEST;
use super::said;
use super::window::Middle;
use super::wire::{self, Page, PullData, PullNode, RepositoryNode};

/// Beyond these nobody reads on. GitHub's REST list of commits ends at 250, GraphQL's does not.
const MOST_COMMITS: usize = 300;
const MOST_REVIEWS: usize = 1_000;
/// The most calls for one pull request: enough for a thousand reviews read for the first time.
const MOST_CALLS: usize = 10;

/// Which pull request to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which<'a> {
    pub(super) installation: InstallationId,
    pub(super) repo_id: RepoId,
    pub(super) repo: &'a RepoName,
    pub(super) number: u64,
    /// The name of our check run.
    pub(super) check: &'a str,
}

/// A pull request as the forge shows it now. `change` and `pushers` are not filled in.
#[derive(Debug)]
pub(super) struct PullRead {
    pub(super) repository: Repository,
    pub(super) pull: Pull,
    /// Other open pull requests of the repository with the same head.
    pub(super) siblings: Fact<Vec<u64>>,
    pub(super) effects: Effects,
    /// The repository's own rules at its default branch.
    pub(super) own_rules: Fact<RulesFile>,
}

/// Reads pull requests and remembers where their long lists can be entered.
#[derive(Debug)]
pub(super) struct Pulls {
    app_id: u64,
    middles: moka::future::Cache<(RepoId, u64), Middles>,
}

/// The middles of both long lists.
#[derive(Debug, Clone, Default)]
struct Middles {
    commits: Middle,
    reviews: Middle,
}

/// What was read so far in this look.
#[derive(Debug, Default)]
struct Gathered {
    middles: Middles,
    head: String,
    commits: BTreeMap<String, (usize, CommitIdentity)>,
    commits_total: usize,
    reviews: BTreeMap<u64, Review>,
    reviews_total: usize,
    /// Why a list is of no use, whatever else is read.
    commits_trouble: Option<String>,
    reviews_trouble: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    number: u64,
    app_id: u64,
    check_name: &'a str,
    rules_check_name: String,
    own_rules: &'a str,
    more_commits: bool,
    commits_after: Option<String>,
    more_reviews: bool,
    reviews_after: Option<String>,
    even_more_reviews: bool,
    reviews_after_that: Option<String>,
}

impl Pulls {
    pub(super) fn new(app_id: u64) -> Self {
        let middles = moka::future::Cache::builder()
            .max_capacity(2_000)
            .time_to_idle(Duration::from_secs(24 * 3_600))
            .build();
        Self { app_id, middles }
    }

    pub(super) fn app_id(&self) -> u64 {
        self.app_id
    }

    pub(super) async fn read(&self, api: &Api, which: Which<'_>) -> Result<PullRead, ForgeError> {
        let key = (which.repo_id, which.number);
        let remembered = self.middles.get(&key).await.unwrap_or_default();
        match self.read_from(api, which, &remembered).await {
            Ok((read, middles)) => {
                if middles.is_worth_keeping() {
                    self.middles.insert(key, middles).await;
                }
                Ok(read)
            }
            // A remembered cursor may have become invalid: enter the list from its ends again.
            Err(ForgeError::Incomplete { .. } | ForgeError::Broken { .. })
                if remembered.is_worth_keeping() =>
            {
                self.middles.invalidate(&key).await;
                self.read_from(api, which, &Middles::default()).await.map(|(read, _)| read)
            }
            Err(error) => Err(error),
        }
    }

    async fn read_from(
        &self,
        api: &Api,
        which: Which<'_>,
        remembered: &Middles,
    ) -> Result<(PullRead, Middles), ForgeError> {
        let mut gathered = Gathered { middles: remembered.afresh(), ..Gathered::default() };
        for call in 1.. {
            let variables = gathered.variables(self.app_id, which);
            let data: PullData = api.query(which.installation, &PULL_REQUEST, &variables).await?;
            let (repository, own_rules, node) = subject(which, data)?;
            gathered.absorb(&node, &variables);
            if call >= MOST_CALLS || gathered.is_settled() {
                let mut reviews = gathered.reviews();
                if let Fact::Known(reviews) = &mut reviews {
                    said::dismissals(node.timeline_items.as_ref(), reviews);
                }
                let pull = Pull { commits: gathered.commits(), reviews, ..wire::pull(&node)? };
                let (siblings, effects) = around(which, &node)?;
                let read = PullRead { repository, pull, siblings, effects, own_rules };
                return Ok((read, gathered.middles));
            }
        }
        Err(ForgeError::Incomplete { what: "the pull request".to_owned() })
    }
}

/// The repository, its own rules and the pull request of an answer, if they are the ones asked for.
fn subject(which: Which<'_>, data: PullData) -> Result<(Repository, Fact<RulesFile>, PullNode), ForgeError> {
    let gone = || ForgeError::Gone { what: format!("pull request {}#{}", which.repo, which.number) };
    let RepositoryNode { repository, default_branch_ref, pull_request } = data.repository.ok_or_else(gone)?;
    // Names are reused: never judge the pull request of another repository that took over the name.
    if repository.database_id.is_some_and(|id| id != which.repo_id.0) {
        return Err(ForgeError::Gone {
            what: format!("repository number {} under the name `{}`", which.repo_id, which.repo),
        });
    }
    let pull = pull_request.ok_or_else(gone)?;
    Ok((
        wire::repository(&repository)?,
        file::at_tip(default_branch_ref.as_ref(), OWN_RULES, OWN_MAX_BYTES),
        pull,
    ))
}

/// Siblings and check runs, which GitHub tells of the last commit.
fn around(which: Which<'_>, node: &PullNode) -> Result<(Fact<Vec<u64>>, Effects), ForgeError> {
    let Some(tip) = node.tip().filter(|tip| tip.oid == node.head_ref_oid) else {
        // Right after a push the two can differ for a moment.
        let head = Sha::parse(&node.head_ref_oid).map_or_else(String::new, |sha| sha.short().to_owned());
        return Err(ForgeError::NotYet { what: format!("the head {head} among the commits") });
    };
    let siblings = match &tip.associated_pull_requests {
        None => Fact::unknown("the forge does not tell which pull requests share the head"),
        Some(page) => {
            let sibling =
                |pull: &wire::PullRef| pull.sibling_of(which.repo_id, node.number, &node.head_ref_oid);
            match page.whole("all pull requests with the same head", sibling) {
                Fact::Known(numbers) => Fact::Known(numbers.into_iter().flatten().collect()),
                Fact::Unknown(why) => Fact::Unknown(why),
            }
        }
    };
    Ok((siblings, wire::effects(tip, which.check)?))
}

impl Middles {
    fn afresh(&self) -> Self {
        Self { commits: self.commits.afresh(), reviews: self.reviews.afresh() }
    }

    /// Short lists are covered from their ends; most pull requests have nothing to remember.
    fn is_worth_keeping(&self) -> bool {
        self.commits.is_entered() || self.reviews.is_entered()
    }
}

impl Gathered {
    fn variables<'a>(&self, app_id: u64, which: Which<'a>) -> Variables<'a> {
        let mut commits = self.middles.commits.next(1, MOST_COMMITS).into_iter();
        let mut reviews = self.middles.reviews.next(2, MOST_REVIEWS).into_iter();
        let (commits_after, reviews_after, reviews_after_that) =
            (commits.next(), reviews.next(), reviews.next());
        Variables {
            owner: which.repo.owner(),
            name: which.repo.name(),
            number: which.number,
            app_id,
            check_name: which.check,
            rules_check_name: rules_check(which.check),
            own_rules: OWN_RULES,
            more_commits: commits_after.is_some(),
            commits_after,
            more_reviews: reviews_after.is_some(),
            reviews_after,
            even_more_reviews: reviews_after_that.is_some(),
            reviews_after_that,
        }
    }

    /// Takes in an answer. One of another head replaces all commits that were read before.
    fn absorb(&mut self, node: &PullNode, asked: &Variables<'_>) {
        if self.head != node.head_ref_oid {
            self.head.clone_from(&node.head_ref_oid);
            (self.commits, self.commits_trouble) = (BTreeMap::new(), None);
        }
        self.absorb_commits(node, asked);
        self.absorb_reviews(node, asked);
    }

    fn absorb_commits(&mut self, node: &PullNode, asked: &Variables<'_>) {
        self.commits_total = node.commits.total_count;
        self.middles.commits.first(node.commits.total_count, &node.commits.page_info);
        self.add_commits(0, &node.commits);
        if let Some(page) = node.more_commits.as_ref().filter(|_| asked.more_commits) {
            self.middles.commits.was_read(&page.page_info);
            self.add_commits(1_000, page);
        }
        self.add_commits(2_000, &node.last_commits);
    }

    /// `from` only keeps the windows in order.
    fn add_commits(&mut self, from: usize, page: &Page<wire::CommitNode>) {
        for (at, node) in page.nodes().enumerate() {
            match wire::commit(node) {
                Ok(commit) => {
                    let key = commit.oid.as_str().to_owned();
                    self.commits.entry(key).or_insert((from + at, commit));
                }
                Err(why) => self.commits_trouble = Some(why),
            }
        }
    }

    fn absorb_reviews(&mut self, node: &PullNode, asked: &Variables<'_>) {
        let (Some(first), Some(last)) = (&node.reviews, &node.last_reviews) else {
            self.reviews_trouble = Some("the forge does not tell the reviews".to_owned());
            return;
        };
        self.reviews_total = first.total_count;
        self.middles.reviews.first(first.total_count, &first.page_info);
        self.add_reviews(first);
        let more = node.more_reviews.as_ref().filter(|_| asked.more_reviews);
        let even_more = node.even_more_reviews.as_ref().filter(|_| asked.even_more_reviews);
        for page in more.into_iter().chain(even_more) {
            self.middles.reviews.was_read(&page.page_info);
            self.add_reviews(page);
        }
        self.add_reviews(last);
    }

    /// The newest reading of a review counts: it may have been dismissed between two calls.
    fn add_reviews(&mut self, page: &Page<wire::ReviewNode>) {
        for node in page.nodes() {
            match wire::review(node) {
                Ok(review) => drop(self.reviews.insert(review.id, review)),
                Err(why) => self.reviews_trouble = Some(why),
            }
        }
    }

    fn is_settled(&self) -> bool {
        let commits_done = self.commits_trouble.is_some() || self.commits.len() == self.commits_total;
        let reviews_done = self.reviews_trouble.is_some() || self.reviews.len() == self.reviews_total;
        (commits_done || self.middles.commits.next(1, MOST_COMMITS).is_empty())
            && (reviews_done || self.middles.reviews.next(1, MOST_REVIEWS).is_empty())
    }

    fn commits(&self) -> Fact<Vec<CommitIdentity>> {
        if let Some(why) = &self.commits_trouble {
            return Fact::Unknown(why.clone());
        }
        if self.commits.len() != self.commits_total {
            return wire::unseen("all commits", self.commits.len(), self.commits_total);
        }
        let mut commits: Vec<_> = self.commits.values().collect();
        commits.sort_by_key(|(at, _)| *at);
        Fact::Known(commits.into_iter().map(|(_, commit)| commit.clone()).collect())
    }

    fn reviews(&self) -> Fact<Vec<Review>> {
        if let Some(why) = &self.reviews_trouble {
            return Fact::Unknown(why.clone());
        }
        if self.reviews.len() != self.reviews_total {
            return wire::unseen("all reviews", self.reviews.len(), self.reviews_total);
        }
        Fact::Known(self.reviews.values().cloned().collect())
    }
}
