//! A repository's own rules of every kind: such as tighten, such as try to loosen, and nonsense.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::decide::tests::scene::sha;
use crate::facts::{OwnRules, RulesText};

/// Each may stand alone or with others.
const PARTS: [&str; 15] = [
    "[gate]\nenforcement = \"evaluate\"\n",
    "[gate]\nenforcement = \"active\"\n",
    "[gate]\nagents = []\n",
    "[gate]\nagents = [\"copilot\"]\n",
    "[agents.copilot]\nbranches = [\"copilot/fix*\", \"other\"]\nmay = [\"read\", \"propose\", \"merge\"]\n",
    "[agents.copilot]\nexpires = 2026-11-01\n",
    "[agents.copilot.quota]\nopen = 1\nlines_a_day = { source = 100 }\n",
    "[agents.copilot.quota]\npulls_a_day = 3\nopen = 400\n",
    "[agents.machine]\nmay = [\"read\"]\n",
    "[tiers.routine]\napprovals = 1\nfrom = [\"@acme/security\"]\n",
    "[tiers.sensitive]\napprovals = 4\nfrom = [\"@acme/others\"]\n",
    "[tiers.free]\napprovals = 0\n[tiers.ours]\napprovals = 1\n",
    "[tiers.routine]\napprovals = 2\neach = [\"@acme/security\"]\nnot_before = \"1h\"\n",
    "[tiers.routine]\napprovals = 1\nmax_age = \"30m\"\nowner = \"excluded\"\n",
    "[people]\nmembers_of = [\"acme\"]\n",
];

const RULES: [&str; 6] = [
    "require = \"free\"\n",
    "require = \"sensitive\"\n",
    "require = \"ours\"\n",
    "when = { changes = [\"source\"] }\ndeny = true\n",
    "when = { paths = [\"src/**\"], lines = { more_than = 3 } }\nrequire = \"routine\"\n",
    "when = { only_paths = [\"docs/**\"], agents = [\"machine\"] }\nrequire = \"free\"\n",
];

fn text() -> impl Strategy<Value = RulesText> {
    let parts = subsequence(PARTS.to_vec(), 0..=3);
    let rules = vec(select(RULES.to_vec()), 0..3);
    let nonsense = weighted(0.05, "\\PC{0,20}");
    (parts, rules, nonsense).prop_map(|(parts, rules, nonsense)| {
        let rule = |(at, rule)| format!("[[rules]]\nid = \"own-{at}\"\non = [\"pull_request\"]\n{rule}");
        let rules = rules.into_iter().enumerate().map(rule);
        let parts = parts.into_iter().map(str::to_owned);
        let text = std::iter::once("version = 1\n".to_owned()).chain(parts).chain(rules).chain(nonsense);
        RulesText { blob: sha(0x60), text: text.collect() }
    })
}

/// Arbitrary own rules, most often none.
pub(super) fn any_own_rules() -> impl Strategy<Value = OwnRules> {
    (weighted(0.5, text()), weighted(0.3, text())).prop_map(|(newest, last_good)| OwnRules {
        newest,
        unusable: None,
        last_good,
    })
}
