//! Facts and rules in, verdict out. Total and pure: every input has a verdict, and the same input the same one.
//!
//! Every rule that applies counts, the strictest wins, and what nothing allows is denied. Whatever could not be seen
//! blocks (invariants `decide_is_total`, `not_knowing_is_never_a_pass`).

mod act;
mod approval;
mod bounds;
mod demand;
mod floor;
mod group;
mod guard;
mod hidden;
mod involve;
mod merge;
mod merging;
mod propose;
mod quota;
mod skip;
mod standing;

use change::Change;

use crate::facts::{Fact, Facts, Pull, PullState};
use crate::predicate::{About, Scene, Touched};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{RuleSource, Rules};
use crate::verdict::{
    Code, Conclusion, Effect, Enforcement, Finding, Involvement, JudgedAs, PullVerdict, RulesInForce, Verdict,
};
pub use act::{decide_deployment, decide_publication, decide_ref, decide_run, is_person};
use approval::Bench;
pub use approval::approved_before;
pub use group::decide_group;
pub use guard::{GuardVerdict, ToSuspend, judge_guard};
pub use hidden::reads_contents;
use involve::Involved;
pub use merge::judge_merge;
pub use quota::BACKLOG_DAYS;
pub use standing::agent_of;

/// Decides about a subject.
#[must_use]
pub fn decide(facts: &Facts, source: &RuleSource) -> Verdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let pulls = open_pulls(facts).map(|pull| match law {
        Some(law) => judge(facts, pull, law, source),
        None => ungoverned(pull, source),
    });
    let mut pulls: Vec<PullVerdict> = pulls.collect();
    if let (Fact::Unknown(why), Some(first)) = (&facts.siblings, pulls.first_mut()) {
        first.findings.push(cannot_see(format!("which other pull requests have this head: {why}")));
        conclude(first);
    }
    let least = match &facts.siblings {
        Fact::Known(_) => Conclusion::Success,
        Fact::Unknown(_) => Conclusion::Failure,
    };
    let conclusion = pulls.iter().map(|pull| pull.conclusion).fold(least, Conclusion::max);
    Verdict {
        repository: facts.repository.clone(),
        head: facts.pull.head.sha.clone(),
        check: source.check().to_owned(),
        conclusion,
        enforcement: law.map_or(Enforcement::Active, InForce::enforcement),
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        pulls,
        proposals: propose::proposals(open_pulls(facts), facts, source, law),
        group: None,
    }
}

/// The subject, if it is open, and its open siblings.
fn open_pulls(facts: &Facts) -> impl Iterator<Item = &Pull> {
    let siblings = facts.siblings.get().map(Vec::as_slice).unwrap_or_default();
    let all = std::iter::once(&facts.pull).chain(siblings);
    all.filter(|pull| pull.state == PullState::Open)
}

fn judge(facts: &Facts, pull: &Pull, law: &InForce<'_>, source: &RuleSource) -> PullVerdict {
    if law.enforcement() == Enforcement::Disabled {
        return verdict_of(pull, JudgedAs::Unknown, Vec::new());
    }
    let rules = law.rules;
    let involved = involve::involve(facts, pull, rules);
    let mut findings = bounds::check(facts, pull, law, &involved);
    let (mut tiers, mut turn) = (Vec::new(), None);
    if involved.judged_as != JudgedAs::People {
        findings
            .extend(law.unseen.as_ref().map(|why| cannot_see(format!("the repository's own rules: {why}"))));
        let governs = source.path_in(&facts.repository);
        let scene = |paths: &PathSet| Scene {
            repository: &facts.repository,
            about: About::Pull(pull),
            files: classified(&pull.change, rules, paths, governs),
            agents: involved.registered.clone(),
        };
        let organisation = scene(&rules.paths);
        let beyond = quota::check(facts, pull, law, &organisation.files);
        findings.extend(beyond.findings);
        turn = beyond.turn;
        let mut demands = demand::gather(&organisation, rules, &involved);
        if let Some(own) = law.own.as_ref().filter(|own| !own.rules.is_empty()) {
            demands.add(&scene(&own.paths), own);
        }
        let bench = Bench::of(facts, pull, law, &involved.registered);
        let approvals = bench.approvals();
        tiers = bench.tiers(&demands.tiers, &approvals);
        findings.extend(demand::findings(demands, &tiers));
        findings.extend(bench.changes_requested());
        findings.extend(floor::check(&organisation, &tiers, &approvals));
        findings.extend(hidden::check(pull, &organisation.files, &approvals));
    }
    let stop_auto_merge = merging::must_stop(facts, pull, law, &involved);
    let mut verdict =
        PullVerdict { tiers, stop_auto_merge, turn, ..verdict_of(pull, involved.judged_as, findings) };
    verdict.involvement = shown(pull, involved);
    verdict
}

/// The files of a change with their classes and the patterns they match, once for all rules. What stands at `governs`
/// is the organisation's rules.
fn classified<'f>(
    change: &'f Fact<Change>,
    rules: &Rules,
    paths: &PathSet,
    governs: Option<&str>,
) -> Fact<Touched<'f>> {
    match change {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(change) => Fact::Known(Touched::of(&change.files, &rules.classes, paths, governs)),
    }
}

fn shown(pull: &Pull, involved: Involved) -> Involvement {
    Involvement {
        author: pull.author.get().ok().cloned(),
        judged_as: involved.judged_as,
        agents: involved.traces.into_iter().collect(),
    }
}

fn verdict_of(pull: &Pull, judged_as: JudgedAs, findings: Vec<Finding>) -> PullVerdict {
    let author = pull.author.get().ok().cloned();
    let mut verdict = PullVerdict {
        number: pull.number,
        title: pull.title.clone(),
        conclusion: Conclusion::Success,
        involvement: Involvement { author, judged_as, agents: Vec::new() },
        findings,
        tiers: Vec::new(),
        stop_auto_merge: false,
        turn: None,
    };
    conclude(&mut verdict);
    verdict
}

/// Strictest first, then in the order of the rules; the strictest decides.
fn conclude(verdict: &mut PullVerdict) {
    verdict.conclusion = conclude_findings(&mut verdict.findings);
}

fn conclude_findings(findings: &mut [Finding]) -> Conclusion {
    findings.sort_by_key(|finding| {
        (std::cmp::Reverse(finding.effect), finding.rule.as_ref().map(|rule| rule.line), finding.code)
    });
    let strictest = findings.iter().map(|finding| finding.effect).max();
    strictest.map_or(Conclusion::Success, Effect::conclusion)
}

/// No valid rules were ever seen: everything is blocked, with the reason.
fn ungoverned(pull: &Pull, source: &RuleSource) -> PullVerdict {
    verdict_of(pull, JudgedAs::Unknown, vec![ungoverned_finding(source)])
}

fn ungoverned_finding(source: &RuleSource) -> Finding {
    let trouble = source.trouble.as_ref().map(crate::rules::Trouble::sentence);
    Finding {
        code: Code::NoRules,
        effect: Effect::Denies,
        rule: None,
        message: format!(
            "there are no valid rules in `{}`, so everything is blocked: {}",
            source.place,
            trouble.unwrap_or_else(|| "nothing was read yet".to_owned()),
        ),
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(
            "A maintainer of Portcullis repairs the file; `portcullis check` shows every complaint."
                .to_owned(),
        ),
    }
}

/// Something could not be seen: blocks.
fn cannot_see(what: String) -> Finding {
    Finding {
        code: Code::CannotSee,
        effect: Effect::Unseen,
        rule: None,
        message: format!("could not see everything: {what}"),
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(
            "Nothing is passed unseen. Re-run the check; if it stays so, make the change smaller or ask \
             the operator of Portcullis."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
