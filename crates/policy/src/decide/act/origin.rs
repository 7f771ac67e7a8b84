//! Whether a commit may be deployed at all: it stands where one deploys from, and whatever brought it there has passed.

use std::collections::BTreeSet;

use crate::act::{Brought, Origin, PushedBy};
use crate::decide::cannot_see;
use crate::decide::standing::{self, Standing};
use crate::facts::{Fact, Roster};
use crate::ids::Sha;
use crate::rules::in_force::InForce;
use crate::verdict::{Code, Conclusion, Effect, Finding, JudgedAs, quoted};

/// A commit and where it comes from.
pub(super) struct Source<'f> {
    pub(super) commit: &'f Sha,
    pub(super) default_branch: &'f str,
    pub(super) origin: &'f Fact<Origin>,
    pub(super) roster: &'f Roster,
}

impl Source<'_> {
    /// Everything that speaks against deploying it, whoever does.
    pub(super) fn check(&self, law: &InForce<'_>) -> Vec<Finding> {
        let origin = match self.origin {
            Fact::Known(origin) => origin,
            Fact::Unknown(why) => return vec![cannot_see(format!("where the commit comes from: {why}"))],
        };
        let mut findings: Vec<Finding> = self.elsewhere(origin, law).into_iter().collect();
        findings.extend(origin.pulls.iter().filter_map(unpassed));
        if let Some(pushed) = &origin.pushed {
            findings.extend(self.pushed(pushed, law));
        }
        findings.extend(past(&origin.past));
        findings
    }

    /// It must be on a branch that may be deployed from: the default branch, where the rules name none.
    fn elsewhere(&self, origin: &Origin, law: &InForce<'_>) -> Option<Finding> {
        let from = law.rules.gate.deploy_from.as_ref();
        if origin.on.iter().any(|name| law.rules.gate.deploys_from(name, self.default_branch)) {
            return None;
        }
        let allowed = from.map_or_else(
            || format!("`{}`", quoted(self.default_branch)),
            |from| {
                let patterns = from.patterns().iter().take(10);
                patterns.map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
            },
        );
        Some(denied(
            Code::CommitElsewhere,
            format!("commit {} is on no branch that may be deployed from: {allowed}", self.commit.short()),
            "Merge it first. A branch that may be deployed from as well stands under `[gate] deploy_from`.",
        ))
    }

    /// What a person pushed is theirs to deploy; an agent's push must have passed.
    fn pushed(&self, pushed: &PushedBy, law: &InForce<'_>) -> Option<Finding> {
        let by = match &pushed.by {
            Fact::Known(by) => by,
            Fact::Unknown(why) => return Some(cannot_see(format!("who pushed the commit: {why}"))),
        };
        let who = quoted(&by.login);
        match standing::of(by, self.roster, law.rules) {
            Standing::Person => None,
            Standing::Agent(_) | Standing::Unregistered if pushed.passed => None,
            Standing::Agent(_) | Standing::Unregistered => Some(denied(
                Code::DeploysUnpassed,
                format!(
                    "`{who}`, who is no person that the rules recognise, pushed the commit past the gate"
                ),
                "Have a person look into it, and deploy what a person merged or pushed.",
            )),
            Standing::Unknown(why) => {
                Some(cannot_see(format!("whether `{who}`, who pushed the commit, is a person: {why}")))
            }
        }
    }

    /// The registered agents that made what is deployed.
    pub(super) fn makers(&self, law: &InForce<'_>) -> BTreeSet<String> {
        let origin = self.origin.get().ok();
        let pulls = origin.into_iter().flat_map(|origin| &origin.pulls);
        let mut makers: BTreeSet<String> = pulls.flat_map(|pull| pull.agents.iter().cloned()).collect();
        if let Some(Standing::Agent(name)) = self.pusher(law) {
            makers.insert(name);
        }
        makers
    }

    /// Whether what is deployed is surely the work of people alone.
    pub(super) fn is_peoples(&self, law: &InForce<'_>) -> bool {
        let Fact::Known(origin) = self.origin else { return false };
        origin.pulls.iter().all(|pull| pull.judged_as == JudgedAs::People)
            && matches!(self.pusher(law), None | Some(Standing::Person))
    }

    fn pusher(&self, law: &InForce<'_>) -> Option<Standing> {
        let pushed = self.origin.get().ok()?.pushed.as_ref()?;
        let by = pushed.by.get().ok()?;
        Some(standing::of(by, self.roster, law.rules))
    }
}

fn unpassed(pull: &Brought) -> Option<Finding> {
    let number = pull.number;
    match pull.conclusion {
        Some(Conclusion::Success) if !pull.whole && pull.judged_as != JudgedAs::People => Some(denied(
            Code::DeploysUnpassed,
            format!(
                "the commit is one in the middle of pull request #{number}, of which only the whole was judged"
            ),
            "Deploy the commit by which it was merged, or one after it.",
        )),
        Some(Conclusion::Success) => None,
        None => {
            Some(cannot_see(format!("pull request #{number}, which brought the commit, is not judged yet")))
        }
        Some(other) => Some(denied(
            Code::DeploysUnpassed,
            format!("pull request #{number}, which brought the commit, has the verdict `{}`", other.as_str()),
            "Look into how it came in and revert it where it must not stay; then close its incident with a reason.",
        )),
    }
}

fn past(past: &Fact<Vec<String>>) -> Option<Finding> {
    let named = match past {
        Fact::Known(named) if named.is_empty() => return None,
        Fact::Known(named) => named,
        Fact::Unknown(why) => {
            return Some(cannot_see(format!("what it contains that went past the gate: {why}")));
        }
    };
    let named: Vec<&str> = named.iter().take(10).map(String::as_str).collect();
    Some(denied(
        Code::DeploysUnpassed,
        format!("it contains what went past the gate: {}", named.join(", ")),
        "Look into it and revert it where it must not stay; then close its incident with a reason: \
         `portcullis incidents close`.",
    ))
}

fn denied(code: Code, message: String, way_out: &str) -> Finding {
    Finding {
        code,
        effect: Effect::Denies,
        rule: None,
        message,
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(way_out.to_owned()),
    }
}
