//! Gather: everything that a verdict about a subject rests on, read as it stands now.
//!
//! One forge call as a rule: the pull request's document, while members come from memory and the change from git's
//! objects. Pull requests that share the head cost one more round. Pushers are `Unknown` here: the caller puts them in
//! from what the signed deliveries told and what `activity` adds to that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use change::Change;
use futures_util::future::{join, try_join, try_join_all};
use policy::facts::{Lines, OwnRules, ProposedRules, Pull, PullState, Repository, Roster};
use policy::rules::{MAX_BYTES, OWN_MAX_BYTES, OWN_RULES};
use policy::subject::PullSubject;
use policy::{Fact, Facts, InstallationId, Millis, Observed, Sha, UserId, Wanted};

use super::GitHub;
use super::error::ForgeError;
use super::file::{self, RulesFile};
use super::pulls::{PullRead, Which};
use super::roster::{self, Members};
use super::said;
use crate::git::{ChangeRequest, GitError, HeadRequest, LineCount};

/// Each pull request with the same head is read whole, and each of them is a subject that reads all the others: their
/// number must stay small, or opening some would use up the installation's hourly points.
const MOST_SIBLINGS: usize = 10;

/// A subject as its first document shows it: enough to know which rules it is judged by.
#[derive(Debug)]
pub struct Seen {
    read: PullRead,
}

impl Seen {
    /// The repository, by the name that it has now.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.read.repository
    }

    /// The name of its head branch, hostile text.
    #[must_use]
    pub fn head_name(&self) -> &str {
        &self.read.pull.head.name
    }

    /// The repository's own rules at its default branch.
    #[must_use]
    pub fn own_rules(&self) -> &Fact<RulesFile> {
        &self.read.own_rules
    }
}

/// What a look is to find out.
#[derive(Debug)]
pub struct Ask<'a> {
    /// What the rules need to know.
    pub wanted: &'a Wanted,
    /// The repository's own rules, the last good ones included.
    pub own_rules: Fact<OwnRules>,
    /// Where in this repository the organisation's rules stand, if they do.
    pub rules_path: Option<&'a str>,
    /// Numbers of pull requests that were seen with this head before: the forge's own list of them may lag.
    pub known: &'a [u64],
    /// When the look is taken.
    pub now: Millis,
}

/// How long fetching ahead may take; well below how long gathering queues for a fetch.
const AHEAD: Duration = Duration::from_secs(2);

impl GitHub {
    /// Reads a subject's own document. `check` is the name of our check run.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about; [`ForgeError::again`] says when to try again.
    pub async fn read(&self, subject: &PullSubject, check: &str) -> Result<Seen, ForgeError> {
        self.inner.api.may_write(subject.installation).await?;
        let read = self.inner.pulls.read(&self.inner.api, which(subject, check)).await?;
        Ok(Seen { read })
    }

    /// Looks at everything else that a verdict about the subject rests on.
    ///
    /// The roster tells of every account involved in the pull requests; pushers are put in later, with
    /// [`GitHub::enroll`].
    ///
    /// # Errors
    /// As [`GitHub::read`].
    pub async fn gather(
        &self,
        subject: &PullSubject,
        seen: Seen,
        ask: Ask<'_>,
    ) -> Result<Observed, ForgeError> {
        let rosters = try_join_all(ask.wanted.groups.iter().map(async |group| {
            let members = self.inner.rosters.members(subject.installation, group).await?;
            Ok::<_, ForgeError>((group.clone(), members))
        }));
        let pulls = self.pulls(subject, seen.read, &ask);
        let ((read, siblings), rosters) = try_join(pulls, rosters).await?;

        let all = siblings.get().map_or(&[][..], |siblings| siblings);
        let involved: BTreeSet<UserId> = all.iter().chain([&read.pull]).flat_map(accounts).collect();
        let restrict = |members: &Members| roster::restrict(members, &involved);
        let groups: BTreeMap<_, _> =
            rosters.into_iter().map(|(group, members)| (group, restrict(&members))).collect();
        let PullRead { repository, pull, effects, .. } = read;
        let (now, own_rules, roster) = (ask.now, ask.own_rules, Roster { groups });
        Ok(Observed { facts: Facts { now, repository, pull, siblings, roster, own_rules }, effects })
    }

    /// Fetches the head that a delivery told of, while the forge is asked what is true: what is judged is only what the
    /// forge shows, but mostly it shows this. Whatever goes wrong here goes unnoticed: gathering fetches by itself.
    pub async fn fetch_ahead(&self, subject: &PullSubject, head: &Sha) {
        let Ok(token) = self.inner.api.token(subject.installation).await else { return };
        let url = self.inner.api.addresses.clone_url(&subject.repo);
        let ask = HeadRequest {
            repo: subject.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: subject.number,
            head,
        };
        // A long fetch must not be begun here, where it ends with the look: gathering would wait for its turn.
        if let Ok(Err(error)) = tokio::time::timeout(AHEAD, self.inner.git.fetch_ahead(&ask)).await {
            tracing::debug!(%error, "the head could not be fetched ahead");
        }
    }

    /// Reads the members of groups anew: what is remembered for some minutes is not good enough for what is about to
    /// land.
    ///
    /// # Errors
    /// As [`GitHub::gather`].
    pub async fn renew_members(
        &self,
        installation: InstallationId,
        wanted: &Wanted,
        since: Millis,
    ) -> Result<(), ForgeError> {
        self.inner.rosters.renewed(installation, wanted.groups.iter(), since).await
    }

    /// Adds accounts to a roster that was gathered without them, from memory as a rule.
    ///
    /// # Errors
    /// As [`GitHub::gather`].
    pub async fn enroll(
        &self,
        installation: InstallationId,
        accounts: &BTreeSet<UserId>,
        roster: &mut Roster,
    ) -> Result<(), ForgeError> {
        for (group, known) in &mut roster.groups {
            let members = self.inner.rosters.members(installation, group).await?;
            match (known, roster::restrict(&members, accounts)) {
                (Fact::Known(known), Fact::Known(more)) => known.extend(more),
                (known, Fact::Unknown(why)) => *known = Fact::Unknown(why),
                (Fact::Unknown(_), Fact::Known(_)) => {}
            }
        }
        Ok(())
    }

    /// The subject's pull request and those with the same head, changes included.
    async fn pulls(
        &self,
        subject: &PullSubject,
        mut read: PullRead,
        ask: &Ask<'_>,
    ) -> Result<(PullRead, Fact<Vec<Pull>>), ForgeError> {
        let which = which(subject, &ask.wanted.check);
        if read.pull.state != PullState::Open {
            // Nothing is judged about it any more, so nothing is fetched. Others with its head are looked at: the
            // check run may have been as strict as this one was.
            read.pull.change = Fact::unknown("the pull request is closed");
            let siblings = self.siblings(which, &read, ask).await?;
            return Ok((read, siblings));
        }
        let change = self.change(subject, &read.repository, &read.pull, ask);
        let siblings = self.siblings(which, &read, ask);
        let (change, siblings) = join(change, siblings).await;
        (read.pull.change, read.pull.proposed_rules) = change?;
        let repo = &read.repository.name;
        said::ask(&self.inner.api, subject.installation, repo, &mut read.pull).await?;
        Ok((read, siblings?))
    }

    async fn siblings(
        &self,
        which: Which<'_>,
        read: &PullRead,
        ask: &Ask<'_>,
    ) -> Result<Fact<Vec<Pull>>, ForgeError> {
        let listed = match &read.siblings {
            Fact::Unknown(why) => return Ok(Fact::Unknown(why.clone())),
            Fact::Known(numbers) => numbers,
        };
        let mut numbers: BTreeSet<u64> = listed.iter().chain(ask.known).copied().collect();
        numbers.remove(&which.number);
        if numbers.len() > MOST_SIBLINGS {
            let count = numbers.len();
            return Ok(Fact::unknown(format!(
                "{count} other pull requests share the head, more than the {MOST_SIBLINGS} that are judged together"
            )));
        }
        let head = &read.pull.head.sha;
        let siblings = numbers.iter().map(async |number| {
            match self.sibling(Which { number: *number, ..which }, head, ask).await {
                // The forge contradicts itself: what it lists is there.
                Err(ForgeError::Gone { what }) if listed.contains(number) => Err(ForgeError::NotYet { what }),
                Err(ForgeError::Gone { .. }) => Ok(None),
                outcome => outcome,
            }
        });
        Ok(Fact::Known(try_join_all(siblings).await?.into_iter().flatten().collect()))
    }

    /// Another pull request, unless it has been closed or moved on meanwhile.
    async fn sibling(&self, which: Which<'_>, head: &Sha, ask: &Ask<'_>) -> Result<Option<Pull>, ForgeError> {
        let read = self.inner.pulls.read(&self.inner.api, which).await?;
        let (repository, mut pull) = (read.repository, read.pull);
        if pull.state != PullState::Open || pull.head.sha != *head {
            return Ok(None);
        }
        let subject = PullSubject {
            installation: which.installation,
            repo_id: which.repo_id,
            repo: which.repo.clone(),
            number: which.number,
        };
        (pull.change, pull.proposed_rules) = self.change(&subject, &repository, &pull, ask).await?;
        said::ask(&self.inner.api, which.installation, &repository.name, &mut pull).await?;
        Ok(Some(pull))
    }

    /// What the pull request changes, from git's own objects, and the rules files among that.
    async fn change(
        &self,
        subject: &PullSubject,
        repository: &Repository,
        pull: &Pull,
        ask: &Ask<'_>,
    ) -> Result<(Fact<Change>, Vec<ProposedRules>), ForgeError> {
        let token = self.inner.api.token(subject.installation).await?;
        let url = self.inner.api.addresses.clone_url(&repository.name);
        let request = ChangeRequest {
            repo: subject.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: pull.number,
            base: &pull.base.sha,
            head: &pull.head.sha,
            with_lines: match ask.wanted.lines {
                Lines::Skip if !counts_lines_of(pull, ask.wanted) => LineCount::Skip,
                Lines::Skip | Lines::Count => LineCount::Count,
            },
        };
        let found = self.inner.git.change(&request).await;
        if matches!(found, Err(GitError::Refused(_))) {
            self.inner.api.reject(subject.installation, &token).await;
        }
        let change = known_or(found, &pull.head.sha)?;
        let proposed = self.proposed(subject, repository, pull, &change, ask).await?;
        Ok((change, proposed))
    }

    /// Rules files that the change touches, as the head has them. Most changes touch none and cost nothing here.
    async fn proposed(
        &self,
        subject: &PullSubject,
        repository: &Repository,
        pull: &Pull,
        change: &Fact<Change>,
        ask: &Ask<'_>,
    ) -> Result<Vec<ProposedRules>, ForgeError> {
        let Fact::Known(change) = change else { return Ok(Vec::new()) };
        let touched = |path: &str| change.files.iter().any(|file| file.path.as_bytes() == path.as_bytes());
        let organization = ask.rules_path.map(|path| (path, MAX_BYTES));
        let kept = organization.into_iter().chain([(OWN_RULES, OWN_MAX_BYTES)]);
        let mut proposed = Vec::new();
        for (path, most) in kept.filter(|(path, _)| touched(path)) {
            let (api, at) = (&self.inner.api, (&pull.head.sha, path));
            let text = file::read(api, subject.installation, &repository.name, at, most).await?;
            proposed.push(ProposedRules { path: path.to_owned(), text });
        }
        Ok(proposed)
    }
}

fn which<'a>(subject: &'a PullSubject, check: &'a str) -> Which<'a> {
    Which {
        installation: subject.installation,
        repo_id: subject.repo_id,
        repo: &subject.repo,
        number: subject.number,
        check,
    }
}

/// Whether a quota asks for the lines of whoever opened it.
fn counts_lines_of(pull: &Pull, wanted: &Wanted) -> bool {
    pull.author.get().is_ok_and(|author| wanted.lines_of.contains(&author.id))
}

/// What a failure of git means: some are moments to wait for, some are facts that stay unknown.
pub(super) fn known_or<T>(found: Result<T, GitError>, head: &Sha) -> Result<Fact<T>, ForgeError> {
    match found {
        Ok(known) => Ok(Fact::Known(known)),
        Err(GitError::NotThereYet | GitError::Busy) => {
            Err(ForgeError::NotYet { what: format!("the objects of {}", head.short()) })
        }
        Err(error @ (GitError::TimedOut | GitError::TooLarge(_) | GitError::Unseen(_))) => {
            Ok(Fact::unknown(error.to_string()))
        }
        Err(
            error @ (GitError::Refused(_)
            | GitError::Damaged { .. }
            | GitError::Broken { .. }
            | GitError::Address(_)),
        ) => Err(ForgeError::broken("the fetch", error.to_string())),
    }
}

/// Every account that had a hand in the pull request, as far as the forge links one.
fn accounts(pull: &Pull) -> Vec<UserId> {
    let asserted = [Some(&pull.author), pull.auto_merge.as_ref()].into_iter().flatten();
    let reviews = pull.reviews.get().map_or(&[][..], |reviews| reviews);
    let commits = pull.commits.get().map_or(&[][..], |commits| commits);
    let comments = pull.comments.get().map_or(&[][..], |comments| comments);
    let assignments = pull.assignments.get().map_or(&[][..], |assignments| assignments);
    let dismissed = reviews.iter().filter_map(|review| Some(&review.dismissal.as_ref()?.by));
    let accounts = asserted
        .chain(dismissed)
        .chain(comments.iter().map(|comment| &comment.author))
        .chain(assignments.iter().flat_map(|assignment| [&assignment.by, &assignment.to]))
        .chain(reviews.iter().map(|review| &review.author))
        .filter_map(|account| account.get().ok())
        .map(|account| account.id);
    let linked = commits.iter().flat_map(|commit| {
        let people =
            commit.authors.iter().chain(&commit.committer).filter_map(|person| person.account.as_ref());
        people.chain(commit.signature.iter().filter_map(|signature| signature.signer.as_ref()))
    });
    accounts.chain(linked.map(|linked| linked.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_git_is_a_wait_a_fact_or_an_error() {
        let head = Sha::parse(&"a".repeat(40)).unwrap();
        let check = |error| known_or::<Change>(Err(error), &head);
        assert!(matches!(check(GitError::NotThereYet), Err(ForgeError::NotYet { .. })));
        for error in [GitError::TimedOut, GitError::TooLarge("files"), GitError::Unseen("x".into())] {
            assert!(matches!(check(error), Ok(Fact::Unknown(_))));
        }
        let stderr = String::new;
        for error in [
            GitError::Refused("x".into()),
            GitError::Damaged { stderr: stderr() },
            GitError::Broken { stderr: stderr() },
            GitError::Address("x"),
        ] {
            assert!(matches!(check(error), Err(ForgeError::Broken { .. })));
        }
    }
}
