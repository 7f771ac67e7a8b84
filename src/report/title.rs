//! The headline of a verdict: what it is, in the words that say most.
//!
//! Plain text, not Markdown, at most 255 characters (GitHub's limit for a check run's `output.title`).

use std::collections::BTreeSet;

use policy::Verdict;
use policy::verdict::{Code, Conclusion, Effect, Enforcement, Finding, JudgedAs, PullVerdict, RulesInForce};

use super::{escape, words};

/// GitHub's limit, in characters.
pub(super) const LIMIT: usize = 255;
/// Of a finding's message, which may quote names as long as the forge allows.
const MESSAGE: usize = 160;

/// The headline of the whole verdict.
pub(super) fn title(verdict: &Verdict) -> String {
    let mut text = headline(verdict);
    let pulls = words::by_strictness(verdict);
    if let (Some(strictest), true) = (pulls.first(), pulls.len() > 1) {
        let others = words::count(pulls.len() as u64 - 1, "other pull request");
        let shared = if verdict.group.is_some() { "in this group" } else { "with this head" };
        text.push_str(&format!(" (pull request {}; {others} {shared})", strictest.number));
    }
    if newest_refused(&verdict.rules) {
        text.push_str(" (the newest rules are invalid)");
    }
    escape::plain(&text, LIMIT)
}

/// Whether older rules than the newest are in force.
pub(super) fn newest_refused(rules: &RulesInForce) -> bool {
    rules.trouble.is_some() && rules.digest.is_some()
}

fn headline(verdict: &Verdict) -> String {
    let pulls = words::by_strictness(verdict);
    if let Some(trouble) = group_trouble(verdict, &pulls) {
        return match verdict.enforcement {
            Enforcement::Active => trouble,
            Enforcement::Evaluate => format!("Would have blocked (evaluate): {trouble}"),
            Enforcement::Disabled => "Not judged: the rules are disabled".to_owned(),
        };
    }
    let Some(strictest) = pulls.first() else {
        return "No open pull request has this head".to_owned();
    };
    match verdict.enforcement {
        Enforcement::Disabled => "Not judged: the rules are disabled".to_owned(),
        Enforcement::Active => active(&pulls, strictest),
        Enforcement::Evaluate => match strictest.conclusion {
            Conclusion::Success => active(&pulls, strictest),
            Conclusion::ActionRequired => {
                format!("Would have waited (evaluate): {}", waiting_for(strictest))
            }
            Conclusion::Failure => match blocked(strictest) {
                Blocked::NoRules => "Would have blocked (evaluate): no valid rules".to_owned(),
                Blocked::Unseen => "Would have blocked (evaluate): could not see everything".to_owned(),
                Blocked::By(what) => format!("Would have blocked (evaluate): {what}"),
            },
        },
    }
}

/// What is wrong with a merge group itself, where none of its pull requests is blocked.
fn group_trouble(verdict: &Verdict, pulls: &[&PullVerdict]) -> Option<String> {
    let first = verdict.group.as_ref()?.findings.first()?;
    let blocked = pulls.iter().any(|pull| pull.conclusion == Conclusion::Failure);
    (!blocked).then(|| format!("Merge group: {}", escape::plain(&first.message, MESSAGE)))
}

fn active(pulls: &[&PullVerdict], strictest: &PullVerdict) -> String {
    match strictest.conclusion {
        Conclusion::Success => passed(pulls, strictest),
        Conclusion::ActionRequired => format!("Waiting for {}", waiting_for(strictest)),
        Conclusion::Failure => match blocked(strictest) {
            Blocked::NoRules => "No valid rules: everything governed is blocked".to_owned(),
            Blocked::Unseen => "Could not see everything".to_owned(),
            Blocked::By(what) => format!("Blocked: {what}"),
        },
    }
}

/// What denies a pull request, in short; `None` when nothing does and it is blocked for what could not be seen.
pub(super) fn denied_by(pull: &PullVerdict) -> Option<String> {
    match blocked(pull) {
        Blocked::By(what) => Some(what),
        Blocked::NoRules | Blocked::Unseen => None,
    }
}

/// Why a pull request is blocked, in short.
enum Blocked {
    NoRules,
    Unseen,
    By(String),
}

fn blocked(pull: &PullVerdict) -> Blocked {
    let findings = words::findings(pull);
    if findings.iter().any(|finding| finding.code == Code::NoRules) {
        return Blocked::NoRules;
    }
    let failing = findings.iter().filter(|f| f.effect.conclusion() == Conclusion::Failure).count();
    let Some(first) = findings.iter().find(|finding| finding.effect == Effect::Denies) else {
        return Blocked::Unseen;
    };
    let more = if failing > 1 { format!(", {} more", failing - 1) } else { String::new() };
    let what = match first.code {
        Code::RuleDenies | Code::RuleRequires => name(first),
        _ => escape::plain(&first.message, MESSAGE),
    };
    Blocked::By(format!("{what}{more}"))
}

/// The rule where a rule denies, for the reader knows it by that; else the code.
pub(super) fn name(finding: &Finding) -> String {
    match (&finding.rule, finding.code) {
        (Some(rule), Code::RuleDenies | Code::RuleRequires) => format!("rule `{}`", words::quoted(&rule.id)),
        _ => format!("`{}`", words::code(finding.code)),
    }
}

/// What a waiting pull request waits for, in short.
pub(super) fn waiting_for(pull: &PullVerdict) -> String {
    let open: Vec<_> = pull.tiers.iter().filter(|tier| !tier.satisfied).collect();
    let changes = pull
        .findings
        .iter()
        .any(|finding| finding.code == Code::ChangesRequested && finding.effect == Effect::Waits);
    // One approval serves every tier, so the largest lack is the lack of all.
    let missing = open.iter().map(|tier| words::missing(tier)).max().unwrap_or_default();
    let tiers = match open.as_slice() {
        [] => None,
        [one] => Some(format!("tier `{}`", words::quoted(&one.name))),
        many => Some(format!("tiers {}", words::list(many.iter().map(|tier| tier.name.clone())))),
    };
    let changes = changes.then(|| match words::asking(pull) {
        nobody if nobody.is_empty() => "requested changes".to_owned(),
        people => format!("the changes that {} asked for", words::list(people)),
    });
    let approvals = tiers.map(|tiers| format!("{} ({tiers})", words::count(missing, "approval")));
    let beyond = pull.findings.iter().any(|finding| finding.code == Code::OverQuota);
    let quota = beyond.then(|| "its turn within the agent's quota".to_owned());
    let parts: Vec<String> = approvals.into_iter().chain(changes).chain(quota).collect();
    match (parts.is_empty(), words::findings(pull).first()) {
        (false, _) => parts.join(", and for "),
        (true, Some(finding)) => name(finding),
        (true, None) => "somebody to act".to_owned(),
    }
}

fn passed(pulls: &[&PullVerdict], strictest: &PullVerdict) -> String {
    if pulls.iter().all(|pull| pull.involvement.judged_as == JudgedAs::People) {
        return "No agent involved".to_owned();
    }
    // Of several pull requests that pass, one without an agent tells least.
    let told = pulls.iter().find(|pull| !pull.tiers.is_empty()).unwrap_or(&strictest);
    if told.tiers.is_empty() {
        return "Passed: the rules allow it".to_owned();
    }
    let tiers = words::list(told.tiers.iter().map(|tier| tier.name.clone()));
    let by: BTreeSet<_> =
        told.tiers.iter().flat_map(|tier| &tier.counted).map(|approval| &approval.by).collect();
    if by.is_empty() {
        return format!("Passed: {tiers}");
    }
    format!("Passed: {tiers}, approved by {}", words::list(by.iter().map(|account| account.login.clone())))
}
