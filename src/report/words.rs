//! The words that every surface shares, so that the check run and the terminal call a thing by one name.
//!
//! Text in here is plain with backticks around what came from elsewhere; each surface escapes it its own way.

use std::cmp::Reverse;

use policy::Verdict;
use policy::facts::{Account, Group};
use policy::verdict::{
    Code, Conclusion, Disqualification, Disqualified, Effect, Evidence, EvidenceClass, Finding, JudgedAs,
    PullVerdict, TierState,
};

pub(super) use policy::verdict::quoted;

/// The pull requests with this head, strictest first; the subject first among equals.
pub(super) fn by_strictness(verdict: &Verdict) -> Vec<&PullVerdict> {
    let mut pulls: Vec<_> = verdict.pulls.iter().collect();
    pulls.sort_by_key(|pull| Reverse(pull.conclusion));
    pulls
}

/// The findings of a pull request, strictest first.
pub(super) fn findings(pull: &PullVerdict) -> Vec<&Finding> {
    strictest_first(&pull.findings)
}

/// Findings, strictest first.
pub(super) fn strictest_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut findings: Vec<_> = findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.effect));
    findings
}

/// The first characters of a digest, enough to compare by eye.
pub(super) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// A code as it is written everywhere.
pub(super) fn code(code: Code) -> &'static str {
    code.as_str()
}

/// An effect, as the first word about a finding.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Denies => "Denied",
        Effect::Unseen => "Not seen",
        Effect::Waits => "Waits",
        Effect::Satisfied => "Satisfied",
    }
}

/// A conclusion, as the first word about a pull request.
pub(super) fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "passed",
        Conclusion::ActionRequired => "waiting",
        Conclusion::Failure => "blocked",
    }
}

/// How a pull request is judged, as a sentence.
pub(super) fn judged_as(judged_as: JudgedAs) -> &'static str {
    match judged_as {
        JudgedAs::People => {
            "Judged as people's work: no agent had a hand in it, and the rules are not asked."
        }
        JudgedAs::Assisted => "Judged as a person's work that an agent assisted, as the rules provide for.",
        JudgedAs::Agents => "Judged as an agent's work: the agent's bounds and the rules apply.",
        JudgedAs::Unknown => "Whose work it is could not be found out.",
    }
}

/// What a piece of evidence may do.
pub(super) fn evidence_class(class: EvidenceClass) -> &'static str {
    match class {
        EvidenceClass::Platform => "platform, the forge vouches for it: ",
        EvidenceClass::Cryptographic => "cryptographic, a signature proves it: ",
        EvidenceClass::Claimed => "claimed, anybody could have written it: ",
    }
}

/// How a tier stands: `Tier ...: 1 of 2 approvals`.
pub(super) fn tier(tier: &TierState) -> String {
    let mut text = format!("Tier `{}`: ", quoted(&tier.name));
    let counted = u64::try_from(tier.counted.len()).unwrap_or(u64::MAX);
    if counted > u64::from(tier.needed) {
        text.push_str(&format!("{} ({} needed)", count(counted, "approval"), tier.needed));
    } else {
        text.push_str(&format!("{counted} of {}", count(u64::from(tier.needed), "approval")));
    }
    if tier.satisfied {
        text.push_str(", satisfied.");
    } else if let Some(why) = &tier.unseen {
        text.push_str(&format!(". Whether it is satisfied could not be seen: {why}"));
    } else {
        text.push_str(&format!(". {}", who_can(tier)));
    }
    text
}

/// Who can move a tier on.
fn who_can(tier: &TierState) -> String {
    let approvers = approvers(tier);
    match tier.lacks.as_slice() {
        [] => approvers,
        lacks if missing(tier) == 0 => format!("It waits: {}.", lacks.join(", ")),
        lacks => format!("{approvers} Also: {}.", lacks.join(", ")),
    }
}

fn approvers(tier: &TierState) -> String {
    let more = missing(tier);
    let who = "with write access who had no part in the change";
    let such_as = such_as(tier);
    match (missing_teams(tier), more) {
        (None, 1) => format!("It needs 1 more, from a person {who}{such_as}."),
        (None, _) => format!("It needs {more} more, from people {who}{such_as}."),
        (Some(teams), 1) => format!("It needs 1 more, from a member of {teams} {who}."),
        (Some(teams), _) => {
            format!("It needs {more} more, from people {who}, at least one of them a member of {teams}.")
        }
    }
}

/// The people whom nothing but another commit disqualifies: they can approve again. Who else could is known by team
/// only: nobody looks up the members of an organisation who have nothing to do with the change.
fn such_as(tier: &TierState) -> String {
    let again =
        |given: &&Disqualified| matches!(given.because.as_slice(), [Disqualification::OtherCommit(_)]);
    let people = tier.disqualified.iter().filter(again).filter_map(|given| given.by.as_ref());
    let people = any_of(people.map(|account| account.login.clone()));
    if people.is_empty() { people } else { format!(", such as {people} by approving again") }
}

/// How many approvals a tier still lacks; a missing team costs one even where the number is reached.
pub(super) fn missing(tier: &TierState) -> u64 {
    if tier.satisfied {
        return 0;
    }
    let counted = u64::try_from(tier.counted.len()).unwrap_or(u64::MAX);
    let by_number = u64::from(tier.needed).saturating_sub(counted);
    let by_team = u64::from(missing_teams(tier).is_some());
    by_number.max(by_team)
}

/// The teams of which a tier still lacks a member, when it does.
pub(super) fn missing_teams(tier: &TierState) -> Option<String> {
    tier.lacks_team().then(|| any_of(tier.from.iter().map(Group::to_string)))
}

/// Who asks for changes, as far as it is known.
pub(super) fn asking(pull: &PullVerdict) -> Vec<String> {
    let asking = pull.findings.iter().filter(|finding| finding.code == Code::ChangesRequested);
    let logins = asking.flat_map(|finding| &finding.evidence).filter_map(|evidence| match evidence {
        Evidence::Account(account) => Some(account.login.clone()),
        Evidence::Path { .. } | Evidence::Line { .. } | Evidence::Commit { .. } | Evidence::Note(_) => None,
    });
    logins.collect()
}

/// Who approved, for a tier.
pub(super) fn counted(tier: &TierState) -> Vec<String> {
    tier.counted
        .iter()
        .map(|approval| {
            let by = account(&approval.by);
            let approved = if approval.commented { "approved in a comment" } else { "approved" };
            if approval.teams.is_empty() {
                return format!("{by} {approved}.");
            }
            format!("{by} {approved}, for {}.", list(approval.teams.iter().map(Group::to_string)))
        })
        .collect()
}

/// An approval that does not count, and why.
pub(super) fn disqualified(disqualified: &Disqualified) -> String {
    let by = disqualified.by.as_ref().map_or_else(|| "an account that is gone".to_owned(), account);
    let because: Vec<String> = disqualified.because.iter().map(disqualification).collect();
    format!("The approval of {by} does not count: {}.", because.join("; "))
}

fn disqualification(why: &Disqualification) -> String {
    match why {
        Disqualification::NotAPerson => "the rules do not recognise the account as a person".to_owned(),
        Disqualification::Agent(name) => {
            format!("it is `{}`, an agent, and the review of a machine approves nothing", quoted(name))
        }
        Disqualification::PersonUnknown(why) => {
            format!("whether the account is a person's could not be seen ({why})")
        }
        Disqualification::NoWriteAccess => "no write access to the repository".to_owned(),
        Disqualification::AccessUnknown(why) => {
            format!("whether it has write access could not be seen ({why})")
        }
        Disqualification::OtherCommit(Some(sha)) => {
            format!("given on `{}`, which is not the head any more", sha.short())
        }
        Disqualification::UpdateUnknown(sha, why) => format!(
            "given on `{}`, and whether the head is the same on a newer base could not be seen ({why})",
            sha.short()
        ),
        Disqualification::OtherCommit(None) => "not given on the head".to_owned(),
        Disqualification::Author => "opened the pull request".to_owned(),
        Disqualification::CommitAuthor(sha) => format!("wrote or co-wrote commit `{}`", sha.short()),
        Disqualification::Committer(sha) => format!("committed `{}`", sha.short()),
        Disqualification::Pusher => "pushed to the pull request".to_owned(),
        Disqualification::AutoMergeEnabler => "switched auto-merge on".to_owned(),
        Disqualification::IndependenceUnknown(why) => {
            format!("whether it had a part in the change could not be seen ({why})")
        }
        Disqualification::Requester => "put an agent in charge of the pull request".to_owned(),
        Disqualification::Deployer => "started the deployment".to_owned(),
        Disqualification::Owner(agent) => {
            format!("answers for agent `{}`, whose work this tier has others approve", quoted(agent))
        }
        Disqualification::OwnerUnknown(why) => {
            format!("whether it answers for the agent could not be seen ({why})")
        }
        Disqualification::TooOld => "older than the tier allows".to_owned(),
        Disqualification::AgeUnknown => "how old it is could not be seen".to_owned(),
        Disqualification::NoCommand => {
            "the comment's first line is not exactly `/portcullis approve`, one space, and all of the head's \
             commit id"
                .to_owned()
        }
        Disqualification::Edited => "the comment was edited; a new one is needed".to_owned(),
        Disqualification::ThroughApp => "an App wrote the comment in the account's name".to_owned(),
        Disqualification::ThroughAppUnknown(why) => {
            format!("whether an App wrote the comment could not be seen ({why})")
        }
        Disqualification::Overruled => "a review of the same account says otherwise".to_owned(),
    }
}

/// An account for running text. Never with an `@`: nobody is to be notified by a verdict.
pub(super) fn account(account: &Account) -> String {
    format!("`{}`", quoted(&account.login))
}

/// `1 approval`, `2 approvals`.
pub(super) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// `a`, `b` and `c`.
pub(super) fn list(names: impl IntoIterator<Item = String>) -> String {
    joined(names, "and")
}

fn any_of(names: impl IntoIterator<Item = String>) -> String {
    joined(names, "or")
}

fn joined(names: impl IntoIterator<Item = String>, word: &str) -> String {
    /// More names than this help nobody.
    const MOST: usize = 5;
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{}`", quoted(&name))).collect();
    if names.len() > MOST {
        let more = names.len() - MOST;
        names.truncate(MOST);
        names.push(format!("{more} more"));
    }
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} {word} {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_codes_what_the_stored_verdict_calls_them() {
        use Code as C;
        for each in [
            C::NoRules,
            C::CannotSee,
            C::UnregisteredAgent,
            C::UnattributedCommit,
            C::AgentExpired,
            C::AgentRepository,
            C::AgentBranch,
            C::AgentVerb,
            C::Assisted,
            C::RuleDenies,
            C::RuleRequires,
            C::NothingAllows,
            C::ChangesRequested,
        ] {
            assert_eq!(serde_json::to_value(each).unwrap(), code(each));
        }
    }

    #[test]
    fn lists_read_as_people_write_them() {
        let names = |n: usize| (0..n).map(|i| format!("n{i}"));
        assert_eq!(list(names(0)), "");
        assert_eq!(list(names(1)), "`n0`");
        assert_eq!(list(names(3)), "`n0`, `n1` and `n2`");
        assert_eq!(any_of(names(9)), "`n0`, `n1`, `n2`, `n3`, `n4` or 4 more");
    }
}
