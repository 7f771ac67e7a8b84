//! What a registered agent may do to branches and tags.

use crate::act::{Move, RefFacts};
use crate::decide::bounds::{Bound, kept_out, outside_repository};
use crate::decide::cannot_see;
use crate::facts::Fact;
use crate::rules::in_force::InForce;
use crate::rules::{Agent, Verb};
use crate::verdict::{Code, Finding};

use super::{allowed, quota};

/// Everything that speaks against the agent itself.
pub(super) fn check(facts: &RefFacts, moved: &Move, law: &InForce<'_>, agent: &Agent) -> Vec<Finding> {
    let mut findings = kept_out(law, agent);
    findings.extend(outside_repository(&facts.repository.name, law.rules, agent));
    let merges = match &moved.landed {
        Fact::Known(landed) => !landed.is_empty(),
        Fact::Unknown(why) => {
            findings.push(cannot_see(format!("whether it merged pull requests: {why}")));
            false
        }
    };
    for bound in Bound::all(law, agent) {
        findings.extend(bound.expired(facts.now));
        findings.extend(quota::pushes(facts, moved, &bound));
        findings.extend(match (facts.name.branch(), facts.name.tag()) {
            (Some(_), _) if merges => merge(&bound, moved),
            (Some(branch), _) => push(&bound, branch, facts),
            (None, tag) => {
                bound.needs(Verb::Release, &format!("touch tag `{}`", quoted(tag))).into_iter().collect()
            }
        });
    }
    findings
}

fn quoted(tag: Option<&str>) -> String {
    crate::verdict::quoted(tag.unwrap_or_default())
}

/// On its own branches whoever may propose may push; the default branch takes a registration that says so.
fn push(bound: &Bound<'_>, branch: &str, facts: &RefFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = bound.branch(branch).into_iter().collect();
    if branch == facts.default_branch {
        findings.extend(bound.needs(Verb::Push, "push to the default branch"));
    } else {
        findings.extend(bound.needs_one_of(&[Verb::Propose, Verb::Push], "push"));
    }
    findings
}

/// Merging is not pushing: the branch need not be the agent's own, but every pull request must have passed.
fn merge(bound: &Bound<'_>, moved: &Move) -> Vec<Finding> {
    let mut findings: Vec<Finding> = bound.needs(Verb::Merge, "merge").into_iter().collect();
    if !allowed::landed_what_passed(moved) {
        findings.push(bound.finding(
            Code::MergedUnpassed,
            format!("agent `{}` merged what had not passed", bound.name()),
            "Make the check required in the branch's ruleset, so that nothing lands without it.".to_owned(),
        ));
    }
    findings
}
