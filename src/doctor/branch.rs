//! One branch: is our check required and ours alone, who may go past it, and what else holds there.
//!
//! Rulesets and classic protection hold together: what one of them demands is demanded. So what one is seen to demand
//! passes, what none is seen to demand is unknown while one is unseen, and to go past our check is to go past all that
//! require it of us.

use policy::Fact;

use super::{Line, Point, names};
use crate::github::posture::{BranchPosture, Bypass, Classic, Demand, Reviews};

/// Something that requires our check.
struct Way<'a> {
    /// What it is called.
    what: String,
    /// The App that the check must come from.
    app: Option<u64>,
    /// Who may go past it.
    past: Past<'a>,
}

enum Past<'a> {
    /// These, of a ruleset.
    Actors(&'a [Bypass]),
    /// Administrators, of classic protection.
    Administrators,
    /// Nobody.
    Nobody,
    /// It could not be seen.
    Unseen(&'a str),
}

/// Lines about one branch. `app` is ours.
#[must_use]
pub fn branch(seen: &BranchPosture, check: &Fact<String>, app: u64) -> Vec<Line> {
    let mut lines = match check {
        Fact::Known(check) => our_check(seen, check, app),
        Fact::Unknown(why) => {
            let fix = "mend the rules first";
            [Point::CheckRequired, Point::CheckPinned, Point::Bypass]
                .map(|point| Line::unknown(point, why, fix))
                .to_vec()
        }
    };
    let review = |such: fn(Reviews) -> bool| {
        let by_rule = move |demand: &Demand| matches!(demand, Demand::Reviews(reviews) if such(*reviews));
        let by_classic = move |classic: &Classic| classic.reviews.is_some_and(such);
        held(seen, by_rule, by_classic)
    };
    lines.extend([
        stale(review(|reviews| reviews.dismiss_stale)),
        last_push(review(|reviews| reviews.last_push)),
        forced(held(seen, |demand| *demand == Demand::NoForcePush, |classic| !classic.allow_force_pushes)),
        deletion(held(seen, |demand| *demand == Demand::NoDeletion, |classic| !classic.allow_deletions)),
    ]);
    lines
}

fn our_check(seen: &BranchPosture, check: &str, app: u64) -> Vec<Line> {
    let ways = ways(seen, check);
    let (ours, others): (Vec<&Way<'_>>, Vec<&Way<'_>>) =
        ways.iter().partition(|way| way.app.is_none_or(|from| from == app));
    if ours.is_empty() {
        return not_required(check, app, unseen(seen), others.first().copied());
    }
    let by = names(ours.iter().map(|way| way.what.as_str()));
    vec![
        Line::pass(Point::CheckRequired, format!("`{check}` is required by {by}")),
        pinned(&ours, check, app),
        bypass(&ours),
    ]
}

/// Nothing that could be seen requires our check of us.
fn not_required(check: &str, app: u64, unseen: Option<String>, other: Option<&Way<'_>>) -> Vec<Line> {
    let fix = format!(
        "in a ruleset, Require status checks to pass: add `{check}` and choose this App as its source"
    );
    if let Some(why) = unseen {
        let said = format!("no ruleset or protection that could be seen requires `{check}`; {why}");
        return [Point::CheckRequired, Point::CheckPinned, Point::Bypass]
            .map(|point| Line::unknown(point, &said, &fix))
            .to_vec();
    }
    let said = match other {
        Some(Way { what, app: Some(another), .. }) => {
            format!("{what} requires `{check}` from App {another}, which is not ours ({app})")
        }
        _ => format!("nothing requires `{check}`: whatever it says blocks nothing"),
    };
    let first = "require it first, with this App as its source";
    vec![
        Line::fail(Point::CheckRequired, said, fix),
        Line::fail(Point::CheckPinned, "nothing requires it from this App", first),
        Line::fail(Point::Bypass, "nothing requires it from this App, so everybody goes past it", first),
    ]
}

fn ways<'a>(seen: &'a BranchPosture, check: &str) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for rule in seen.rules.get().map(Vec::as_slice).unwrap_or_default() {
        let Demand::Checks(checks) = &rule.demand else { continue };
        for required in checks.iter().filter(|required| required.context == check) {
            let number = rule.ruleset.map(|id| id.to_string()).unwrap_or_default();
            let past = match rule.ruleset.and_then(|id| seen.bypass.get(&id)) {
                Some(Fact::Known(actors)) if actors.is_empty() => Past::Nobody,
                Some(Fact::Known(actors)) => Past::Actors(actors),
                Some(Fact::Unknown(why)) => Past::Unseen(why),
                None => Past::Unseen("the forge does not tell which ruleset it is"),
            };
            ways.push(Way { what: format!("ruleset {number} of {}", rule.source), app: required.app, past });
        }
    }
    if let Fact::Known(Some(classic)) = &seen.classic {
        for required in classic.checks.iter().filter(|required| required.context == check) {
            let past = if classic.enforce_admins { Past::Nobody } else { Past::Administrators };
            ways.push(Way { what: "classic branch protection".to_owned(), app: required.app, past });
        }
    }
    ways
}

/// What could not be seen of a branch, if anything.
fn unseen(seen: &BranchPosture) -> Option<String> {
    let rules = seen.rules.get().err().map(|why| format!("rulesets: {why}"));
    let classic = seen.classic.get().err().map(|why| format!("classic branch protection: {why}"));
    let told: Vec<String> = rules.into_iter().chain(classic).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn pinned(ours: &[&Way<'_>], check: &str, app: u64) -> Line {
    if let Some(way) = ours.iter().find(|way| way.app == Some(app)) {
        return Line::pass(Point::CheckPinned, format!("{} takes it from this App only", way.what));
    }
    let by = names(ours.iter().map(|way| way.what.as_str()));
    Line::fail(
        Point::CheckPinned,
        format!("{by} takes `{check}` from anybody who may write checks or statuses, agents among them"),
        "choose this App as the source of the check; it needs `statuses: write` once to be offered there",
    )
}

/// Only what takes the check from us alone can hold anybody up: the rest is satisfied by whoever posts a check.
fn bypass(ours: &[&Way<'_>]) -> Line {
    let point = Point::Bypass;
    let fix = "empty the bypass list of the ruleset, or in classic protection tick `Do not allow bypassing the above \
               settings`";
    let ours: Vec<&Way<'_>> = ours.iter().copied().filter(|way| way.app.is_some()).collect();
    if ours.is_empty() {
        let said = "anybody who may write checks or statuses goes past it, for it is taken from anybody";
        return Line::fail(point, said, "choose this App as the source of the check");
    }
    if let Some(way) = ours.iter().find(|way| matches!(way.past, Past::Nobody)) {
        return Line::pass(point, format!("nobody may go past {}", way.what));
    }
    let mut told = Vec::new();
    let mut blind = false;
    for way in &ours {
        let who = match &way.past {
            Past::Nobody => continue,
            Past::Administrators => "administrators".to_owned(),
            Past::Actors(actors) => actors.iter().map(actor).collect::<Vec<_>>().join(", "),
            Past::Unseen(why) => {
                blind = true;
                format!("unknown, {why}")
            }
        };
        told.push(format!("{}: {who}", way.what));
    }
    let told = told.join("; ");
    if blind {
        let fix = "look at the bypass list yourself, under Settings, Rules, Rulesets: do not give a gate the right \
                   to change rulesets just for this";
        return Line::unknown(point, format!("who may go past it: {told}"), fix);
    }
    Line::fail(point, format!("may go past it: {told}"), fix)
}

/// <https://docs.github.com/en/rest/repos/rules>: `exempt` leaves no trace.
fn actor(actor: &Bypass) -> String {
    let who = match actor.kind.as_str() {
        "Integration" => "App",
        "OrganizationAdmin" => "owners of the organisation",
        "RepositoryRole" => "repository role",
        "Team" => "team",
        "DeployKey" => "deploy keys",
        "User" => "account",
        other => other,
    };
    let number = match (actor.kind.as_str(), actor.id) {
        // GitHub sends a number that means nothing.
        ("OrganizationAdmin" | "DeployKey", _) | (_, None) => String::new(),
        (_, Some(id)) => format!(" {id}"),
    };
    let how = match actor.mode.as_str() {
        "always" => String::new(),
        "pull_request" => " (by pull request)".to_owned(),
        "exempt" => " (exempt, without a trace)".to_owned(),
        other => format!(" ({other})"),
    };
    format!("{who}{number}{how}")
}

/// Whether something is demanded on a branch.
enum Held {
    By(String),
    NotAtAll,
    Unseen(String),
}

fn held(
    seen: &BranchPosture,
    by_rule: impl Fn(&Demand) -> bool,
    by_classic: impl Fn(&Classic) -> bool,
) -> Held {
    let rules = seen.rules.get().map(Vec::as_slice).unwrap_or_default();
    if let Some(rule) = rules.iter().find(|rule| by_rule(&rule.demand)) {
        let number = rule.ruleset.map(|id| id.to_string()).unwrap_or_default();
        return Held::By(format!("ruleset {number} of {}", rule.source));
    }
    if matches!(&seen.classic, Fact::Known(Some(classic)) if by_classic(classic)) {
        return Held::By("classic branch protection".to_owned());
    }
    unseen(seen).map_or(Held::NotAtAll, Held::Unseen)
}

impl Held {
    fn line(self, point: Point, (well, ill): (&str, &str), fix: &str) -> Line {
        match self {
            Self::By(what) => Line::pass(point, format!("{well} by {what}")),
            Self::NotAtAll => Line::fail(point, ill, fix),
            Self::Unseen(why) => Line::unknown(point, format!("not seen to be {well}; {why}"), fix),
        }
    }
}

fn stale(held: Held) -> Line {
    let told =
        ("dismissed", "an approval stays when more is pushed (Portcullis does not count it, but others may)");
    held.line(
        Point::StaleApprovals,
        told,
        "tick `Dismiss stale pull request approvals when new commits are pushed`",
    )
}

fn last_push(held: Held) -> Line {
    let told = ("demanded", "whoever pushed last may be the one who approves");
    held.line(Point::LastPush, told, "tick `Require approval of the most recent reviewable push`")
}

fn forced(held: Held) -> Line {
    let told = ("blocked", "the branch can be overwritten by a forced push");
    held.line(Point::ForcePush, told, "tick `Block force pushes` in a ruleset of the branch")
}

fn deletion(held: Held) -> Line {
    let told = ("blocked", "the branch can be deleted and made anew");
    held.line(Point::Deletion, told, "tick `Restrict deletions` in a ruleset of the branch")
}
