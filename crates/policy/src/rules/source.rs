//! Which rules are in force, and why it is not the newest text.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::gate::DEFAULT_CHECK;
use super::in_force::InForce;
use super::suspension::{self, Suspended};
use super::{Demand, Expiry, On, Rule, Rules, Tier};
use crate::complaint::{Complaint, Severity};
use crate::facts::{Fact, Lines, Moments, OwnRules, Repository, Wanted};
use crate::ids::{RepoId, Sha};
use crate::predicate::Predicate;
use crate::verdict::RulesInForce;

/// The rules as the shell found them.
#[derive(Debug, Clone, Default)]
pub struct RuleSource {
    /// Where the rules are read from, for people.
    pub place: String,
    /// The repository that they are read from, if it is one.
    pub origin: Option<Origin>,
    /// The last good rules; `None` when there never were any.
    pub in_force: Option<Arc<Rules>>,
    /// The commit that last changed those in force.
    pub commit: Option<Sha>,
    /// What is wrong with the text that stands there now.
    pub trouble: Option<Trouble>,
    /// Who may do nothing for now, whatever the rules say.
    pub suspended: Suspended,
}

/// The organisation's policy repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Which repository; survives renames.
    pub repository: RepoId,
    /// The file in it.
    pub path: String,
}

/// Why the text that stands there now is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be read.
    Unreadable(String),
    /// It is invalid.
    Invalid(Vec<Complaint>),
}

impl Trouble {
    /// The first error with its line, and how many more there are.
    #[must_use]
    pub fn sentence(&self) -> String {
        let complaints = match self {
            Self::Unreadable(why) => return format!("the rules could not be read: {why}"),
            Self::Invalid(complaints) => complaints,
        };
        let mut errors = complaints.iter().filter(|complaint| complaint.severity == Severity::Error);
        let Some(first) = errors.next() else { return "the rules are invalid".to_owned() };
        let more = match errors.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("line {}: {} [{}]{more}", first.line, first.message, first.code)
    }
}

impl RuleSource {
    /// Rules that were read and are valid.
    #[must_use]
    pub fn good(rules: Arc<Rules>) -> Self {
        Self { place: rules.source.clone(), in_force: Some(rules), ..Self::default() }
    }

    /// What a subject is judged by: the rules, the repository's own, and who is suspended. `None` without rules.
    pub(crate) fn law(&self, own: &Fact<OwnRules>) -> Option<InForce<'_>> {
        let rules = self.in_force.as_ref()?;
        Some(InForce { suspended: Some(&self.suspended), ..InForce::of(rules, own) })
    }

    /// What is recorded in every verdict.
    #[must_use]
    pub fn stamp(&self) -> RulesInForce {
        RulesInForce {
            source: self.place.clone(),
            commit: self.commit.clone(),
            digest: self.in_force.as_ref().map(|rules| rules.digest.clone()),
            trouble: self.trouble.as_ref().map(Trouble::sentence),
            own: None,
        }
    }

    /// The path of the organisation's rules, where this is the repository that holds them.
    #[must_use]
    pub fn path_in(&self, repository: &Repository) -> Option<&str> {
        let origin = self.origin.as_ref().filter(|origin| origin.repository == repository.id);
        origin.map(|origin| origin.path.as_str())
    }

    /// What the rules need to know, the repository's own included.
    #[must_use]
    pub fn wanted(&self, own: &Fact<OwnRules>) -> Wanted {
        let Some(rules) = &self.in_force else {
            return Wanted { check: DEFAULT_CHECK.to_owned(), ..Wanted::default() };
        };
        let mut wanted = rules.wanted();
        if let Some(own) = InForce::of(rules, own).own {
            wanted.groups.extend(own.groups().into_iter().cloned());
            if Tier::any_excludes(&own.tiers) {
                wanted.groups.extend(rules.owner_teams());
            }
            if Tier::moments(&own.tiers) == Moments::Tell {
                wanted.moments = Moments::Tell;
            }
            let counted = rules.agents.values().filter(|agent| agent.counts_lines(own.quota(&agent.name)));
            wanted.lines_of.extend(counted.flat_map(|agent| &agent.accounts));
            if own.lines() == Lines::Count {
                wanted.lines = Lines::Count;
            }
        }
        wanted
    }

    /// Whether some rule about pushes or branches asks what they changed.
    #[must_use]
    pub fn asks_what_moves_changed(&self, own: &Fact<OwnRules>) -> bool {
        let Some(rules) = &self.in_force else { return false };
        let asks = |rule: &Rule| {
            let about = rule.on.contains(&On::Push) || rule.on.contains(&On::Branch);
            about && rule.when.iter().any(Predicate::needs_the_change)
        };
        let law = InForce::of(rules, own);
        rules.rules.iter().any(asks) || law.own.is_some_and(|own| own.rules.iter().any(asks))
    }

    /// Whether some rule about runs asks for the labels of runners, and whether one asks for environments.
    #[must_use]
    pub fn asks_of_jobs(&self, own: &Fact<OwnRules>) -> (bool, bool) {
        let Some(rules) = &self.in_force else { return (false, false) };
        let law = InForce::of(rules, own);
        let own = law.own.iter().flat_map(|own| &own.rules);
        let about_runs = rules.rules.iter().chain(own).filter(|rule| rule.on.contains(&On::WorkflowRun));
        let asked: Vec<&Predicate> = about_runs.flat_map(|rule| &rule.when).collect();
        let any = |needs: fn(&Predicate) -> bool| asked.iter().any(|condition| needs(condition));
        (any(Predicate::needs_runners), any(Predicate::needs_environments))
    }

    /// Whether this branch may be deployed from, in a repository with this default branch.
    #[must_use]
    pub fn deploys_from(&self, branch: &str, default_branch: &str) -> bool {
        self.in_force.as_ref().is_some_and(|rules| rules.gate.deploys_from(branch, default_branch))
    }

    /// Whether some rule about deployments asks for a tier.
    #[must_use]
    pub fn asks_before_deployments(&self, own: &Fact<OwnRules>) -> bool {
        let Some(rules) = &self.in_force else { return false };
        let asks =
            |rule: &Rule| rule.on.contains(&On::Deployment) && matches!(rule.demand, Demand::Require(_));
        let law = InForce::of(rules, own);
        rules.rules.iter().any(asks) || law.own.is_some_and(|own| own.rules.iter().any(asks))
    }

    /// Tells these rules from others: whoever was judged by others must be looked at again. An invalid text counts, for
    /// every verdict says so; a forge that cannot be read does not, for a moment of that would wake everything. Who is
    /// suspended counts, and stands last.
    #[must_use]
    pub fn key(&self) -> String {
        let digest = self.in_force.as_ref().map_or("none", |rules| rules.digest.as_str());
        let mut key = digest.to_owned();
        if let Some(trouble @ Trouble::Invalid(_)) = &self.trouble {
            let said = hex::encode(Sha256::digest(trouble.sentence().as_bytes()));
            key.push(' ');
            key.push_str(said.get(..16).unwrap_or_default());
        }
        if let Some(mark) = suspension::mark(&self.suspended) {
            key.push(' ');
            key.push_str(&mark);
        }
        key
    }

    /// The name of the check that verdicts are shown by.
    #[must_use]
    pub fn check(&self) -> &str {
        self.in_force.as_ref().map_or(DEFAULT_CHECK, |rules| &rules.gate.check)
    }

    /// When registrations end by themselves, the repository's own bounds included.
    #[must_use]
    pub fn expiries(&self, own: &Fact<OwnRules>) -> Vec<Expiry> {
        let Some(rules) = &self.in_force else { return Vec::new() };
        let mut ends: Vec<Expiry> = rules.agents.values().filter_map(|agent| agent.expires.clone()).collect();
        if let Some(own) = InForce::of(rules, own).own {
            ends.extend(own.expiries().cloned());
        }
        ends
    }
}
