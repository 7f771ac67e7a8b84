//! Typical verdicts, as the core would reach them, for the tests of this module.

use std::collections::BTreeSet;

use change::{Class, RawPath};
use policy::facts::{Account, AccountKind, Group, Repository};
use policy::verdict::*;
use policy::{RepoId, RepoName, Sha, UserId, Verdict};

pub(super) const HOSTILE: &str =
    "x` **b** <img src=y> @acme/security #1 \u{202e}\u{1b}[2J\n# h\nhttps://evil.example";

pub(super) fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

pub(super) fn account(id: u64, login: &str, kind: AccountKind) -> Account {
    Account { id: UserId(id), login: login.to_owned(), kind }
}

fn person(id: u64, login: &str) -> Account {
    account(id, login, AccountKind::User)
}

fn copilot() -> Account {
    account(900, "robo[bot]", AccountKind::Bot)
}

pub(super) fn path(path: impl Into<Vec<u8>>, classes: &[&str]) -> Evidence {
    // Classes are parsed at the edge; JSON is the edge that every name passes.
    let classes =
        classes.iter().map(|name| serde_json::from_value::<Class>((*name).into()).unwrap()).collect();
    Evidence::Path { path: RawPath::new(path), classes }
}

pub(super) fn finding(code: Code, effect: Effect, rule: &str, line: u32, message: &str) -> Finding {
    Finding {
        code,
        effect,
        rule: Some(RuleRef { id: rule.to_owned(), line, source: "rules.toml".to_owned() }),
        message: message.to_owned(),
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: None,
    }
}

pub(super) fn seen(mut finding: Finding, evidence: Vec<Evidence>) -> Finding {
    finding.evidence_total = evidence.len();
    finding.evidence = evidence;
    finding
}

fn requires(tier: &str, effect: Effect) -> Finding {
    let stands = if effect == Effect::Waits { "1 approval is missing" } else { "it is satisfied" };
    let mut finding = finding(
        Code::RuleRequires,
        effect,
        "everything-needs-a-person",
        31,
        &format!("tier `{tier}` is required: {stands}"),
    );
    finding.why = Some("Agents propose, people decide.".to_owned());
    finding
}

pub(super) fn tier(name: &str, needed: u32) -> TierState {
    TierState {
        raised_by: None,
        name: name.to_owned(),
        required_by: BTreeSet::from(["everything-needs-a-person".to_owned()]),
        needed,
        from: BTreeSet::new(),
        each: BTreeSet::new(),
        lacks: Vec::new(),
        changes_at: None,
        counted: Vec::new(),
        disqualified: Vec::new(),
        satisfied: false,
        unseen: None,
    }
}

pub(super) fn pull(number: u64, findings: Vec<Finding>) -> PullVerdict {
    let conclusion = findings.iter().map(|f| f.effect.conclusion()).max().unwrap_or(Conclusion::Success);
    PullVerdict {
        number,
        title: "Fix the *slow* query".to_owned(),
        conclusion,
        involvement: Involvement {
            author: Some(copilot()),
            judged_as: JudgedAs::Agents,
            agents: vec![AgentTrace {
                registered: Some("robo".to_owned()),
                called: "robo".to_owned(),
                class: EvidenceClass::Platform,
                seen: "opened the pull request".to_owned(),
            }],
        },
        findings,
        tiers: Vec::new(),
        stop_auto_merge: false,
        turn: None,
    }
}

pub(super) fn verdict(pulls: Vec<PullVerdict>) -> Verdict {
    Verdict {
        group: None,
        proposals: Vec::new(),
        repository: Repository { id: RepoId(7), name: RepoName::parse("acme/web").unwrap() },
        head: sha('4'),
        check: "portcullis".to_owned(),
        conclusion: pulls.iter().map(|pull| pull.conclusion).max().unwrap_or(Conclusion::Success),
        enforcement: Enforcement::Active,
        rules: RulesInForce {
            commit: None,
            own: None,
            source: "rules.toml".to_owned(),
            digest: Some("0123456789abcdef".repeat(4)),
            trouble: None,
        },
        pulls,
    }
}

pub(super) fn denied_by_two() -> Verdict {
    let mut pipelines =
        finding(Code::RuleDenies, Effect::Denies, "pipelines", 40, "rule `pipelines` denies this");
    pipelines.why = Some("A pipeline change runs with the repository's secrets.".to_owned());
    pipelines.way_out = Some("Leave the files out, or let a person make this change.".to_owned());
    let mut branch = finding(
        Code::AgentBranch,
        Effect::Denies,
        "agents.robo",
        12,
        "agent `robo` works on `feature/x`, which is none of its branches",
    );
    branch.way_out = Some("Push to a branch that matches `robo/**`.".to_owned());
    let pipelines = seen(
        pipelines,
        vec![path(".github/workflows/ci.yml", &["ci"]), path("Cargo.lock", &["dependencies", "generated"])],
    );
    let branch = seen(branch, vec![Evidence::Note("head branch `feature/x`".to_owned())]);
    let mut pull = pull(12, vec![pipelines, branch, requires("routine", Effect::Waits)]);
    pull.tiers = vec![tier("routine", 1)];
    verdict(vec![pull])
}

pub(super) fn waiting() -> Verdict {
    let mut pull = pull(12, vec![requires("sensitive", Effect::Waits)]);
    let mut tier = tier("sensitive", 2);
    tier.from = BTreeSet::from([Group::parse("@acme/security").unwrap()]);
    tier.counted = vec![Approval { by: person(1, "alice"), teams: BTreeSet::new(), commented: false }];
    tier.disqualified = vec![
        Disqualified {
            by: Some(person(2, "bob")),
            because: vec![Disqualification::OtherCommit(Some(sha('3')))],
        },
        Disqualified {
            by: Some(person(3, "carol")),
            because: vec![Disqualification::NoWriteAccess, Disqualification::CommitAuthor(sha('4'))],
        },
        Disqualified {
            by: None,
            because: vec![Disqualification::PersonUnknown("the account is gone".into())],
        },
    ];
    pull.tiers = vec![tier];
    verdict(vec![pull])
}

/// Two tiers, one of them satisfied, and an approval that counts for neither.
pub(super) fn two_tiers() -> Verdict {
    let mut pipelines = finding(
        Code::RuleRequires,
        Effect::Waits,
        "pipelines",
        40,
        "tier `sensitive` is required: 1 of 2 approvals",
    );
    pipelines.why = Some("What runs in a pipeline runs with the repository's secrets.".to_owned());
    let pipelines = seen(pipelines, vec![path(".github/workflows/ci.yml", &["ci"])]);
    let mut pull = pull(12, vec![pipelines, requires("routine", Effect::Satisfied)]);
    let (mut routine, mut sensitive) = (tier("routine", 1), tier("sensitive", 2));
    routine.counted = vec![Approval { by: person(1, "alice"), teams: BTreeSet::new(), commented: false }];
    routine.disqualified = vec![
        Disqualified { by: Some(person(2, "bob")), because: vec![Disqualification::Committer(sha('4'))] },
        Disqualified {
            by: Some(copilot()),
            because: vec![Disqualification::NotAPerson, Disqualification::Author],
        },
    ];
    sensitive.required_by = BTreeSet::from(["pipelines".to_owned()]);
    sensitive.from = BTreeSet::from([Group::parse("@acme/security").unwrap()]);
    sensitive.counted.clone_from(&routine.counted);
    sensitive.disqualified.clone_from(&routine.disqualified);
    routine.satisfied = true;
    pull.tiers = vec![routine, sensitive];
    pull.involvement.agents.extend([
        AgentTrace { seen: "pushed to it".to_owned(), ..pull.involvement.agents[0].clone() },
        AgentTrace {
            seen: "branch `robo/fix`".to_owned(),
            class: EvidenceClass::Claimed,
            ..pull.involvement.agents[0].clone()
        },
    ]);
    verdict(vec![pull])
}

/// Rules of a policy repository, and a repository whose own file raises a tier and has an error now.
pub(super) fn own_rules() -> Verdict {
    let mut verdict = two_tiers();
    verdict.rules.source = "acme/.portcullis:rules.toml".to_owned();
    verdict.rules.commit = Some(sha('7'));
    verdict.rules.own = Some(OwnRulesInForce {
        source: ".github/portcullis.toml".to_owned(),
        blob: Some(sha('8')),
        digest: Some("fedcba9876543210".repeat(4)),
        trouble: Some("line 4: tier `sensitive` is looser than the organisation's".to_owned()),
    });
    let raised =
        RuleRef { id: "tiers.sensitive".to_owned(), line: 9, source: ".github/portcullis.toml".to_owned() };
    verdict.pulls[0].tiers[1].raised_by = Some(raised);
    verdict
}

/// The approver only has to look again.
pub(super) fn approved_before_a_push() -> Verdict {
    let mut pull = pull(12, vec![requires("routine", Effect::Waits)]);
    let mut tier = tier("routine", 1);
    tier.disqualified = vec![Disqualified {
        by: Some(person(2, "bob")),
        because: vec![Disqualification::OtherCommit(Some(sha('3')))],
    }];
    pull.tiers = vec![tier];
    verdict(vec![pull])
}

/// An agent that nobody registered.
pub(super) fn unregistered() -> Verdict {
    let mut denies = finding(
        Code::UnregisteredAgent,
        Effect::Denies,
        "",
        0,
        "`devin-ai-integration[bot]` is neither a person whom the rules recognise nor a registered agent",
    );
    denies.rule = None;
    denies.way_out = Some("Register it under `[agents.NAME]` with an owner and bounds.".to_owned());
    let devin = account(158, "devin-ai-integration[bot]", AccountKind::Bot);
    let mut pull = pull(12, vec![seen(denies, vec![Evidence::Account(devin.clone())])]);
    pull.involvement.agents = vec![AgentTrace {
        registered: None,
        called: "Devin".to_owned(),
        class: EvidenceClass::Platform,
        seen: "opened the pull request".to_owned(),
    }];
    pull.involvement.author = Some(devin);
    verdict(vec![pull])
}

/// A head that could not be looked at at all.
pub(super) fn blind() -> Verdict {
    let why = "the forge could not be read for several looks in a row";
    let unseen = |what: &str| {
        let mut finding = finding(
            Code::CannotSee,
            Effect::Unseen,
            "",
            0,
            &format!("could not see everything: {what}: {why}"),
        );
        finding.rule = None;
        finding
    };
    let what = ["who opened it", "who pushed to it", "what changed", "whether rule `pipelines` applies"];
    let mut pull = pull(12, what.map(unseen).to_vec());
    pull.involvement = Involvement { author: None, judged_as: JudgedAs::Unknown, agents: Vec::new() };
    verdict(vec![pull])
}

pub(super) fn approved() -> Verdict {
    let mut pull = pull(12, vec![requires("routine", Effect::Satisfied)]);
    let mut tier = tier("routine", 1);
    tier.counted = vec![Approval { by: person(1, "alice"), teams: BTreeSet::new(), commented: false }];
    tier.satisfied = true;
    pull.tiers = vec![tier];
    verdict(vec![pull])
}

pub(super) fn people_only() -> Verdict {
    let mut pull = pull(13, Vec::new());
    pull.involvement =
        Involvement { author: Some(person(1, "alice")), judged_as: JudgedAs::People, agents: Vec::new() };
    verdict(vec![pull])
}

pub(super) fn assisted() -> Verdict {
    let mut assisted = finding(
        Code::Assisted,
        Effect::Waits,
        "people.assisted",
        9,
        "tier `routine` is required: 0 of 1 approval",
    );
    assisted.way_out = Some("Ask a person who had no part in it to approve.".to_owned());
    let note = "trailer `Co-Authored-By: Claude <noreply@anthropic.com>`".to_owned();
    let mut pull =
        pull(14, vec![seen(assisted, vec![Evidence::Commit { oid: sha('4'), note: note.clone() }])]);
    pull.involvement = Involvement {
        author: Some(person(1, "alice")),
        judged_as: JudgedAs::Assisted,
        agents: vec![AgentTrace {
            registered: None,
            called: "claude-code".to_owned(),
            class: EvidenceClass::Claimed,
            seen: note,
        }],
    };
    pull.tiers = vec![tier("routine", 1)];
    verdict(vec![pull])
}

pub(super) fn evaluate() -> Verdict {
    Verdict { enforcement: Enforcement::Evaluate, ..denied_by_two() }
}

pub(super) fn cannot_see() -> Verdict {
    let mut finding = finding(
        Code::CannotSee,
        Effect::Unseen,
        "",
        0,
        "the commits could not be read: page 3 of 4 answered 502",
    );
    finding.rule = None;
    finding.way_out = Some("It is looked at again by itself; to look now, re-run the check.".to_owned());
    let mut pull = pull(12, vec![finding]);
    pull.involvement = Involvement { author: None, judged_as: JudgedAs::Unknown, agents: Vec::new() };
    verdict(vec![pull])
}

pub(super) fn no_rules() -> Verdict {
    let mut finding =
        finding(Code::NoRules, Effect::Denies, "", 0, "no valid rules were ever seen, so nothing is allowed");
    finding.rule = None;
    finding.way_out = Some("Mend the rules; whoever maintains `rules.toml` can.".to_owned());
    let mut verdict = verdict(vec![pull(12, vec![finding])]);
    verdict.rules.digest = None;
    verdict.rules.trouble =
        Some("rules.toml:3:1: unknown key `enforcment`\nhelp: did you mean `enforcement`?".into());
    verdict
}

pub(super) fn siblings() -> Verdict {
    let mut both = denied_by_two();
    let mut pulls = approved().pulls;
    pulls.extend(both.pulls.drain(..).map(|pull| PullVerdict { number: 15, ..pull }));
    let mut verdict = verdict(pulls);
    verdict.rules.trouble = Some("rules.toml:3:1: unknown key `enforcment`".to_owned());
    verdict
}

pub(super) fn hostile() -> Verdict {
    let mut denies = finding(
        Code::RuleDenies,
        Effect::Denies,
        HOSTILE,
        1,
        &format!("branch `{HOSTILE}` is not allowed: {HOSTILE}"),
    );
    denies.why = Some(HOSTILE.to_owned());
    denies.way_out = Some(format!("Rename `{HOSTILE}`."));
    let evidence = vec![
        path(HOSTILE, &["source"]),
        path(*b"not\xffutf8", &["binary"]),
        Evidence::Line { path: RawPath::new(HOSTILE), line: 1, note: HOSTILE.to_owned() },
        Evidence::Commit { oid: sha('5'), note: HOSTILE.to_owned() },
        Evidence::Account(account(5, HOSTILE, AccountKind::Other)),
        Evidence::Note(HOSTILE.to_owned()),
    ];
    let mut pull = pull(12, vec![seen(denies, evidence)]);
    pull.title = HOSTILE.to_owned();
    pull.involvement.author = Some(account(5, HOSTILE, AccountKind::User));
    pull.involvement.agents = vec![AgentTrace {
        registered: Some(HOSTILE.to_owned()),
        called: HOSTILE.to_owned(),
        class: EvidenceClass::Claimed,
        seen: HOSTILE.to_owned(),
    }];
    let mut tier = tier(HOSTILE, 1);
    tier.required_by = BTreeSet::from([HOSTILE.to_owned()]);
    tier.unseen = Some(HOSTILE.to_owned());
    tier.disqualified = vec![Disqualified {
        by: Some(account(5, HOSTILE, AccountKind::User)),
        because: vec![Disqualification::AccessUnknown(HOSTILE.to_owned())],
    }];
    pull.tiers = vec![tier];
    let sibling = PullVerdict { number: 13, ..pull.clone() };
    let mut verdict = verdict(vec![pull, sibling]);
    verdict.rules.source = HOSTILE.to_owned();
    verdict.rules.trouble = Some(HOSTILE.to_owned());
    verdict.check = HOSTILE.to_owned();
    verdict
}

/// So many pieces of evidence, and a finding that counts even more.
pub(super) fn huge(pieces: usize) -> Verdict {
    let denies = finding(Code::RuleDenies, Effect::Denies, "size", 50, "the change is too large");
    let files = (0..pieces).map(|n| path(format!("src/generated/file_{n:04}.rs"), &["source"])).collect();
    let mut denies = seen(denies, files);
    denies.evidence_total = 12_345;
    verdict(vec![pull(12, vec![denies])])
}

/// Two rules files, one of each kind, in one pull request.
pub(super) fn proposals() -> Verdict {
    let remark = |line, error, message: &str| Remark {
        code: if error { "unknown-key" } else { "agent-without-expiry" }.to_owned(),
        error,
        line,
        end_line: line,
        message: message.to_owned(),
        help: "Did you mean `paths`?".to_owned(),
    };
    let proposal = |path: &str, whose, state| Proposal {
        path: path.to_owned(),
        whose,
        state,
        remarks: Vec::new(),
        adds: Vec::new(),
        removes: Vec::new(),
    };
    let proposals = vec![
        Proposal {
            remarks: vec![
                remark(12, true, "unknown key `pahts` in `rules.x.when`"),
                remark(3, false, "agent `<b>` never expires"),
            ],
            ..proposal("gate/rules.toml", Whose::Organization, ProposalState::Invalid)
        },
        Proposal {
            adds: vec!["Tier `routine` asks for more here: 2 approvals.".to_owned()],
            removes: vec!["No agent may act here.".to_owned()],
            ..proposal(".github/portcullis.toml", Whose::Repository, ProposalState::Valid)
        },
    ];
    Verdict { proposals, ..people_only() }
}
