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
    rules: Vec<(Vec<&'static str>, Demand)>,
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
    (assisted, branches, any::<bool>(), any::<bool>(), tiers, proptest::collection::vec(rule(), 0..5))
        .prop_map(|(assisted, branches, second_agent, classes, tiers, rules)| RuleFile {
            assisted,
            branches,
            second_agent,
            classes,
            tiers,
            rules,
        })
}

/// A way to tighten rules.
#[derive(Debug, Clone)]
pub(super) enum Tightening {
    AddRule((Vec<&'static str>, DemandOf)),
    RaiseApprovals(usize),
    NameTeam(usize),
}

/// What an added rule demands.
#[derive(Debug, Clone, Copy)]
pub(super) struct DemandOf(Demand);

pub(super) fn any_tightening() -> impl Strategy<Value = Tightening> {
    prop_oneof![
        2 => rule().prop_map(|(when, demand)| Tightening::AddRule((when, DemandOf(demand)))),
        1 => (0..3usize).prop_map(Tightening::RaiseApprovals),
        1 => (0..3usize).prop_map(Tightening::NameTeam),
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
        if self.second_agent {
            agent(f, "machine", "{ user_id = 5005 }", "**")?;
        }
        if self.classes {
            writeln!(f, "[classes.infrastructure]\npaths = [\"ops/**\", \"payments/**\"]")?;
        }
        for (name, (approvals, team)) in TIERS.iter().zip(&self.tiers) {
            writeln!(f, "[tiers.{name}]\napprovals = {approvals}")?;
            if *team {
                writeln!(f, "from = [\"@acme/security\"]")?;
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
        "[agents.{name}]\nrecognise = [{recognise}]\nowner = \"@acme/platform\"\npurpose = \"fixes\""
    )?;
    writeln!(
        f,
        "repos = [\"acme/**\"]\nbranches = [\"{branches}\"]\nmay = [\"propose\"]\nexpires = 2027-03-31"
    )
}
