//! Facts in, lines out.

use std::collections::BTreeMap;

use policy::{Fact, InstallationId, RepoName};

use super::{Count, Examined, Line, Point, Section, Standing, branch, installation};
use crate::github::posture::{
    AppSeen, BranchPosture, BranchRule, Bypass, Classic, Demand, InstallationSeen, RequiredCheck, Reviews,
};

const OURS: u64 = 42;

fn known<T>(value: T) -> Fact<T> {
    Fact::Known(value)
}

fn unseen<T>() -> Fact<T> {
    Fact::unknown("needs `sight`")
}

fn rule(ruleset: u64, demand: Demand) -> BranchRule {
    BranchRule { ruleset: Some(ruleset), source: "acme/web".to_owned(), demand }
}

fn check(app: Option<u64>) -> RequiredCheck {
    RequiredCheck { context: "portcullis".to_owned(), app }
}

fn required(ruleset: u64, app: Option<u64>) -> BranchRule {
    rule(ruleset, Demand::Checks(vec![check(app)]))
}

fn anybody() -> Fact<Vec<Bypass>> {
    known(vec![Bypass { kind: "Team".to_owned(), id: Some(9), mode: "pull_request".to_owned() }])
}

fn posture(rules: Vec<BranchRule>) -> BranchPosture {
    BranchPosture {
        name: "main".to_owned(),
        rules: known(rules),
        classic: known(None),
        bypass: BTreeMap::new(),
    }
}

fn lines(seen: &BranchPosture) -> Vec<Line> {
    branch(seen, &known("portcullis".to_owned()), OURS)
}

/// How the three points about our check stand: required, pinned, bypass.
#[track_caller]
fn stand(what: &str, seen: &BranchPosture, wanted: [Standing; 3]) {
    let lines = lines(seen);
    let found: Vec<_> = lines.iter().take(3).map(|line| (line.point, line.standing)).collect();
    let points = [Point::CheckRequired, Point::CheckPinned, Point::Bypass];
    assert_eq!(found, points.into_iter().zip(wanted).collect::<Vec<_>>(), "{what}: {lines:#?}");
}

use Standing::{Fail, Pass, Unknown};

#[test]
fn our_check_stands_as_rulesets_and_classic_protection_say() {
    let with = |rules: Vec<BranchRule>, bypass: &[(u64, Fact<Vec<Bypass>>)]| BranchPosture {
        bypass: bypass.iter().cloned().collect(),
        ..posture(rules)
    };
    let locked = |app| Classic { checks: vec![check(app)], enforce_admins: true, ..Classic::default() };
    let classic = |classic: Classic| BranchPosture { classic: known(Some(classic)), ..posture(vec![]) };
    let cases = [
        ("nothing", posture(vec![]), [Fail; 3]),
        ("pinned", with(vec![required(1, Some(OURS))], &[(1, known(vec![]))]), [Pass; 3]),
        ("anybody's", with(vec![required(1, None)], &[(1, known(vec![]))]), [Pass, Fail, Fail]),
        ("another's", with(vec![required(1, Some(7))], &[(1, known(vec![]))]), [Fail; 3]),
        ("with a list", with(vec![required(1, Some(OURS))], &[(1, anybody())]), [Pass, Pass, Fail]),
        ("with a list unseen", with(vec![required(1, Some(OURS))], &[(1, unseen())]), [Pass, Pass, Unknown]),
        (
            "of no number",
            posture(vec![BranchRule { ruleset: None, ..required(1, Some(OURS)) }]),
            [Pass, Pass, Unknown],
        ),
        (
            "two, one without a list",
            with(
                vec![required(1, Some(OURS)), required(2, Some(OURS))],
                &[(1, anybody()), (2, known(vec![]))],
            ),
            [Pass; 3],
        ),
        (
            "two, one unseen",
            with(vec![required(1, Some(OURS)), required(2, Some(OURS))], &[(1, anybody()), (2, unseen())]),
            [Pass, Pass, Unknown],
        ),
        (
            "who may go past the pinned one can forge the other",
            with(vec![required(1, Some(OURS)), required(2, None)], &[(1, anybody()), (2, known(vec![]))]),
            [Pass, Pass, Fail],
        ),
        ("classic", classic(locked(Some(OURS))), [Pass; 3]),
        ("classic, anybody's", classic(locked(None)), [Pass, Fail, Fail]),
        (
            "classic, administrators",
            classic(Classic { enforce_admins: false, ..locked(Some(OURS)) }),
            [Pass, Pass, Fail],
        ),
        ("classic unseen", BranchPosture { classic: unseen(), ..posture(vec![]) }, [Unknown; 3]),
        ("rulesets unseen", BranchPosture { rules: unseen(), ..posture(vec![]) }, [Unknown; 3]),
        (
            "another's, classic unseen",
            BranchPosture { classic: unseen(), ..with(vec![required(1, Some(7))], &[]) },
            [Unknown; 3],
        ),
    ];
    for (what, seen, wanted) in &cases {
        stand(what, seen, *wanted);
    }
}

#[test]
fn what_either_demands_is_demanded() {
    let reviews = Reviews { approvals: 1, dismiss_stale: true, last_push: true };
    let all =
        || vec![rule(1, Demand::Reviews(reviews)), rule(1, Demand::NoForcePush), rule(2, Demand::NoDeletion)];
    let classic = Classic { reviews: Some(reviews), ..Classic::default() };
    let lax = Classic { allow_force_pushes: true, allow_deletions: true, ..Classic::default() };
    let cases = [
        (posture(all()), Pass),
        (BranchPosture { classic: unseen(), ..posture(all()) }, Pass),
        (BranchPosture { classic: known(Some(classic.clone())), ..posture(vec![]) }, Pass),
        (BranchPosture { classic: known(Some(classic)), rules: unseen(), ..posture(vec![]) }, Pass),
        (BranchPosture { classic: known(Some(lax.clone())), ..posture(vec![]) }, Fail),
        (BranchPosture { classic: known(Some(lax)), rules: unseen(), ..posture(vec![]) }, Unknown),
        (posture(vec![rule(1, Demand::Reviews(Reviews::default())), rule(1, Demand::Other)]), Fail),
    ];
    for (seen, wanted) in &cases {
        for line in lines(seen).iter().skip(3) {
            assert_eq!(line.standing, *wanted, "{line:?} of {seen:?}");
        }
    }
}

/// Whatever is taken out of sight: what did not pass before does not pass then.
#[test]
fn not_seeing_a_branch_is_never_a_pass() {
    let rulesets: [Vec<BranchRule>; 4] = [
        vec![],
        vec![required(1, None)],
        vec![required(1, Some(OURS)), rule(1, Demand::NoDeletion)],
        vec![
            required(1, Some(7)),
            rule(2, Demand::Reviews(Reviews { approvals: 1, dismiss_stale: true, last_push: false })),
        ],
    ];
    let classics = [
        None,
        Some(Classic::default()),
        Some(Classic { checks: vec![check(Some(OURS))], ..Classic::default() }),
    ];
    let mut compared = 0;
    for rules in &rulesets {
        for classic in &classics {
            for bypass in [known(vec![]), anybody()] {
                let bypass: BTreeMap<_, _> = [(1, bypass)].into();
                let seen =
                    BranchPosture { classic: known(classic.clone()), bypass, ..posture(rules.clone()) };
                let blind = [
                    BranchPosture { rules: unseen(), ..seen.clone() },
                    BranchPosture { classic: unseen(), ..seen.clone() },
                    BranchPosture { bypass: [(1, unseen())].into(), ..seen.clone() },
                    BranchPosture { bypass: BTreeMap::new(), ..seen.clone() },
                ];
                let before = lines(&seen);
                for blind in &blind {
                    for (before, after) in before.iter().zip(lines(blind)) {
                        compared += 1;
                        assert!(
                            after.standing != Pass || before.standing == Pass,
                            "{before:?} became {after:?}"
                        );
                    }
                }
                let unnamed = branch(&seen, &unseen(), OURS);
                assert!(unnamed.iter().take(3).all(|line| line.standing == Unknown), "{unnamed:?}");
            }
        }
    }
    assert_eq!(compared, 4 * 3 * 2 * 4 * 7);
}

#[test]
fn who_may_go_past_is_named() {
    let actor = |kind: &str, id, mode: &str| Bypass { kind: kind.to_owned(), id, mode: mode.to_owned() };
    let actors = vec![
        actor("Integration", Some(7), "exempt"),
        actor("OrganizationAdmin", Some(1), "always"),
        actor("DeployKey", None, "always"),
        actor("Something", Some(3), "sometimes"),
    ];
    let bypass = [(1, known(actors))].into();
    let seen = BranchPosture { bypass, ..posture(vec![required(1, Some(OURS))]) };
    let line = &lines(&seen)[2];
    assert_eq!(
        line.said,
        "may go past it: ruleset 1 of acme/web: App 7 (exempt, without a trace), owners of the organisation, \
         deploy keys, Something 3 (sometimes)"
    );
}

fn installed(organization: bool, permissions: &[(&str, &str)], events: &[&str]) -> InstallationSeen {
    InstallationSeen {
        id: InstallationId(1),
        account: "acme".to_owned(),
        organization,
        permissions: permissions
            .iter()
            .map(|(name, level)| ((*name).to_owned(), (*level).to_owned()))
            .collect(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        suspended: false,
    }
}

#[test]
fn permissions_and_events_are_told_with_who_must_act() {
    let needed =
        [("checks", "write"), ("contents", "write"), ("metadata", "read"), ("pull_requests", "read")];
    let events = [
        "pull_request",
        "pull_request_review",
        "issue_comment",
        "push",
        "repository",
        "check_run",
        "check_suite",
        "workflow_run",
        "workflow_job",
        "merge_group",
        "member",
    ];
    let standings = |app: &AppSeen, seen: &InstallationSeen| {
        let lines = installation(app, seen, &known(vec![]), None);
        let of = |point| lines.iter().find(|line| line.point == point).unwrap().clone();
        (of(Point::Permissions), of(Point::Events))
    };
    let bare = AppSeen {
        id: OURS,
        slug: "portcullis".to_owned(),
        permissions: BTreeMap::new(),
        events: std::collections::BTreeSet::new(),
    };
    // A person's account has neither members nor teams.
    let (permissions, told) = standings(&bare, &installed(false, &needed, &events));
    assert_eq!((permissions.standing, told.standing), (Pass, Pass));
    let organization = installed(true, &needed, &events);
    let (permissions, told) = standings(&bare, &organization);
    assert_eq!((permissions.standing, told.standing), (Fail, Fail));
    assert!(permissions.fix.unwrap().starts_with("add it in the App's settings"));
    assert_eq!(told.said, "it is not told of `membership`, `organization`, `team`");
    let asking = AppSeen {
        permissions: [("members".to_owned(), "read".to_owned())].into(),
        events: ["membership", "organization", "team"].map(str::to_owned).into(),
        ..bare
    };
    let (permissions, told) = standings(&asking, &organization);
    assert!(permissions.fix.unwrap().contains("an owner accepts"), "{told:?}");
    assert!(told.fix.unwrap().contains("an owner accepts"));
}

#[test]
fn what_is_only_of_use_says_for_what_and_what_the_rules_ask_for_must_be_granted() {
    let bare = AppSeen {
        id: OURS,
        slug: "portcullis".to_owned(),
        permissions: BTreeMap::new(),
        events: std::collections::BTreeSet::new(),
    };
    let of = |rules: Option<&policy::rules::Rules>, granted: &[(&str, &str)], point: Point| {
        let lines = installation(&bare, &installed(true, granted, &["release"]), &known(vec![]), rules);
        lines.into_iter().find(|line| line.point == point).unwrap()
    };
    let told = of(None, &[], Point::OptionalEvents);
    assert_eq!(told.standing, Unknown);
    for words in [
        "`deploy_key`",
        "needed only for telling at once who loosens protections (`administration: read`)",
        "`personal_access_token_request`, needed only for telling of tokens",
        "`registry_package`, needed only for packages",
    ] {
        assert!(told.said.contains(words), "{}", told.said);
    }
    assert!(!told.said.contains("releases"), "{}", told.said);

    let rules = |respond: &str| {
        let text = format!("version = 1\n[gate]\nrespond = {respond}\n[people]\nmembers_of = [\"acme\"]\n");
        policy::rules::Rules::parse("rules.toml", &text).rules.unwrap()
    };
    let idle = of(Some(&rules("[\"report\"]")), &[], Point::Acting);
    assert_eq!(idle.standing, Pass);
    assert!(
        idle.said.contains("`actions: write`, needed only for cancelling workflow runs"),
        "{}",
        idle.said
    );
    let asks = rules("[\"revert\", \"cancel\"]");
    let lacking = of(Some(&asks), &[("contents", "write"), ("actions", "read")], Point::Acting);
    assert_eq!(lacking.standing, Fail);
    assert!(lacking.said.ends_with("`actions: write` for cancelling workflow runs"), "{}", lacking.said);
    let granted = of(Some(&asks), &[("contents", "write"), ("actions", "write")], Point::Acting);
    assert_eq!(granted.standing, Pass);
}

#[test]
fn every_line_that_is_not_well_has_a_fix() {
    let blind = BranchPosture { rules: unseen(), classic: unseen(), ..posture(vec![]) };
    for line in lines(&posture(vec![])).into_iter().chain(lines(&blind)) {
        assert_eq!(line.fix.is_none(), line.standing == Pass, "{line:?}");
    }
}

#[test]
fn the_whole_stands_as_its_worst_line() {
    let section = |standings: &[Standing]| Section {
        examined: Examined::Repository { name: RepoName::parse("acme/web").unwrap().to_string() },
        lines: standings
            .iter()
            .map(|standing| Line { point: Point::Rules, standing: *standing, said: String::new(), fix: None })
            .collect(),
    };
    let worst = |sections: &[Section]| Count::of(sections).worst();
    assert_eq!(worst(&[]), Pass);
    assert_eq!(worst(&[section(&[Pass]), section(&[Unknown, Pass])]), Unknown);
    assert_eq!(worst(&[section(&[Fail]), section(&[Unknown, Pass])]), Fail);
}

/// Codes are what people look up, and machines keep.
#[test]
fn every_point_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<&str> = Point::ALL.iter().map(|point| point.as_str()).collect();
    assert_eq!(codes.len(), Point::ALL.len());
}
