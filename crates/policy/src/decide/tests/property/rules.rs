//! Valid rules of every kind, and ways to tighten them.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A rules file as its parts, so that it can be tightened.
#[derive(Debug, Clone)]
pub(super) struct RuleFile {
    assisted: Option<(&'static str, &'static str)>,
    branches: &'static str,
    second_agent: bool,
    classes: bool,
    /// The approvals of each of [`TIERS`], and whether the security team must be among them.
    tiers: Vec<(u32, bool)>,
    /// What else each of [`TIERS`] asks for, from [`ASKED`].
    asked: Vec<Vec<usize>>,
    rules: Vec<(Vec<&'static str>, Demand)>,
    /// The numbers of the first agent's quota, in the order of [`QUOTA`].
    quota: [Option<u64>; QUOTA.len()],
}

/// What a quota bounds, and the most of it that is bounded here.
const QUOTA: [(&str, u64); 4] =
    [("open", 9), ("pulls_a_day", 4), ("lines_a_day.source", 900), ("lines_a_day.docs", 900)];

fn quota() -> impl Strategy<Value = [Option<u64>; QUOTA.len()]> {
    QUOTA.map(|(_, most)| proptest::option::weighted(0.2, 0..=most))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Deny,
    Require(&'static str),
}

const TIERS: [&str; 3] = ["free", "routine", "sensitive"];

const CONDITIONS: [&str; 11] = [
    r#"repos = ["acme/web"]"#,
    r#"branches = ["main"]"#,
    r#"agents = ["copilot"]"#,
    "draft = true",
    r#"labels = ["Hold"]"#,
    "files = { at_most = 2 }",
    "lines = { more_than = 500 }",
    r#"modes = ["symlink", "executable"]"#,
    r#"changes = ["ci", "governance", "source"]"#,
    r#"paths = { any = ["src/**", "payments/**"], except = ["payments/docs/**"] }"#,
    r#"only_paths = ["docs/**", "src/**"]"#,
];

/// What else a tier may ask for: mild, and stricter.
const ASKED: [(&str, &str); 4] = [
    (r#"not_before = "10m""#, r#"not_before = "1d""#),
    (r#"max_age = "7d""#, r#"max_age = "5m""#),
    (r#"each = ["@acme/security"]"#, r#"each = ["@acme/security"]"#),
    (r#"owner = "excluded""#, r#"owner = "excluded""#),
];

fn rule() -> impl Strategy<Value = (Vec<&'static str>, Demand)> {
    let when = prop_oneof![1 => Just(vec![]), 2 => subsequence(CONDITIONS.to_vec(), 1..=2)];
    let require = select(TIERS.to_vec()).prop_map(Demand::Require);
    (when, prop_oneof![6 => require, 1 => Just(Demand::Deny)])
}

/// Arbitrary valid rules.
pub(super) fn any_rules() -> impl Strategy<Value = RuleFile> {
    let provision = prop_oneof![
        2 => Just(r#"by = ["claude-code"]"#),
        1 => Just("by = [\"claude-code\", \"github-copilot\"]\nunattributed = true"),
    ];
    let assisted = proptest::option::weighted(0.8, (provision, select(TIERS.to_vec())));
    let tiers = (0..=1u32, 1..=2u32, any::<bool>(), 1..=3u32, any::<bool>()).prop_map(
        |(free, routine, some, sensitive, team)| vec![(free, false), (routine, some), (sensitive, team)],
    );
    let branches = prop_oneof![4 => Just("copilot/**"), 2 => Just("**"), 1 => Just("other/**")];
    // Of each of them: not asked, asked, asked strictly.
    let asked = || prop_oneof![24 => Just(0usize), 1 => Just(1), 1 => Just(2)];
    let asked = proptest::collection::vec(proptest::collection::vec(asked(), ASKED.len()), TIERS.len());
    let rest = (tiers, asked, proptest::collection::vec(rule(), 0..5), quota());
    (assisted, branches, any::<bool>(), any::<bool>(), rest).prop_map(
        |(assisted, branches, second_agent, classes, (tiers, asked, rules, quota))| RuleFile {
            assisted,
            branches,
            second_agent,
            classes,
            tiers,
            asked,
            rules,
            quota,
        },
    )
}

/// A way to tighten rules.
#[derive(Debug, Clone)]
pub(super) enum Tightening {
    AddRule((Vec<&'static str>, DemandOf)),
    RaiseApprovals(usize),
    NameTeam(usize),
    /// Of a tier, one of [`ASKED`].
    Ask(usize, usize),
    /// Of a number of [`QUOTA`], no more than so many.
    Limit(usize, u64),
}

/// What an added rule demands.
#[derive(Debug, Clone, Copy)]
pub(super) struct DemandOf(Demand);

pub(super) fn any_tightening() -> impl Strategy<Value = Tightening> {
    prop_oneof![
        2 => rule().prop_map(|(when, demand)| Tightening::AddRule((when, DemandOf(demand)))),
        1 => (0..3usize).prop_map(Tightening::RaiseApprovals),
        1 => (0..3usize).prop_map(Tightening::NameTeam),
        3 => (0..3usize, 0..4usize).prop_map(|(tier, what)| Tightening::Ask(tier, what)),
        3 => (0..QUOTA.len(), 0..900u64).prop_map(|(what, most)| Tightening::Limit(what, most % (QUOTA[what].1 + 1))),
    ]
}

impl Tightening {
    /// The same, but what would require now denies: a rule that requires may allow what nothing allowed before.
    pub(super) fn without_allowing(self) -> Self {
        match self {
            Self::AddRule((when, _)) => Self::AddRule((when, DemandOf(Demand::Deny))),
            other => other,
        }
    }

    pub(super) fn apply(&self, rules: &RuleFile) -> RuleFile {
        let mut rules = rules.clone();
        match self {
            Self::AddRule((when, demand)) => rules.rules.push((when.clone(), demand.0)),
            Self::RaiseApprovals(tier) => rules.tiers[*tier].0 += 1,
            // A team that must be among no approvals at all would be refused as a contradiction.
            Self::Ask(tier, what) => {
                rules.tiers[*tier].0 = rules.tiers[*tier].0.max(1);
                let asked = &mut rules.asked[*tier][*what];
                *asked = (*asked + 1).min(2);
            }
            Self::Limit(what, most) => {
                let number = &mut rules.quota[*what];
                *number = Some(number.map_or(*most, |number| number.min(*most)));
            }
            Self::NameTeam(tier) => rules.tiers[*tier] = (rules.tiers[*tier].0.max(1), true),
        }
        rules
    }
}

impl fmt::Display for RuleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version = 1\n[people]\nmembers_of = [\"acme\"]\naccounts = [1901]\nexcept = [1902]")?;
        if let Some((by, tier)) = self.assisted {
            writeln!(f, "[people.assisted]\n{by}\nrequire = \"{tier}\"")?;
        }
        agent(f, "copilot", "\"github-copilot\"", self.branches)?;
        if self.quota.iter().any(Option::is_some) {
            writeln!(f, "[agents.copilot.quota]")?;
        }
        for ((key, _), number) in QUOTA.iter().zip(self.quota) {
            if let Some(number) = number {
                writeln!(f, "{key} = {number}")?;
            }
        }
        if self.second_agent {
            agent(f, "machine", "{ user_id = 5005 }", "**")?;
        }
        if self.classes {
            writeln!(f, "[classes.infrastructure]\npaths = [\"ops/**\", \"payments/**\"]")?;
        }
        for ((name, (approvals, team)), asked) in TIERS.iter().zip(&self.tiers).zip(&self.asked) {
            writeln!(f, "[tiers.{name}]\napprovals = {approvals}")?;
            if *team {
                writeln!(f, "from = [\"@acme/security\"]")?;
            }
            // Of no approval at all only a wait can be asked.
            let askable = if *approvals == 0 { 1 } else { ASKED.len() };
            for ((mild, strict), how) in ASKED.iter().zip(asked).take(askable) {
                match how {
                    0 => {}
                    1 => writeln!(f, "{mild}")?,
                    _ => writeln!(f, "{strict}")?,
                }
            }
        }
        for (at, (when, demand)) in self.rules.iter().enumerate() {
            writeln!(f, "[[rules]]\nid = \"rule-{at}\"\non = [\"pull_request\"]")?;
            if !when.is_empty() {
                writeln!(f, "when = {{ {} }}", when.join(", "))?;
            }
            match demand {
                Demand::Deny => writeln!(f, "deny = true")?,
                Demand::Require(tier) => writeln!(f, "require = \"{tier}\"")?,
            }
        }
        Ok(())
    }
}

fn agent(f: &mut fmt::Formatter<'_>, name: &str, recognise: &str, branches: &str) -> fmt::Result {
    writeln!(
        f,
        "[agents.{name}]\nrecognise = [{recognise}]\nowner = \"@acme/security\"\npurpose = \"fixes\""
    )?;
    writeln!(
        f,
        "repos = [\"acme/**\"]\nbranches = [\"{branches}\"]\nmay = [\"propose\"]\nexpires = 2027-03-31"
    )
}
