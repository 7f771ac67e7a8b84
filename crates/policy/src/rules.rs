//! `rules.toml`: parsed strictly, validated as a whole, every complaint with its place.
//!
//! What is valid becomes [`Rules`]; what is not is [`Complaint`]s and never half a set of rules. Parsing is pure: who
//! reads the file, and what stays in force when it is invalid, is the shell's business ([`RuleSource`]).

mod agents;
mod classes;
pub(crate) mod gate;
pub(crate) mod glob;
pub(crate) mod in_force;
mod meaning;
pub mod named;
mod on;
mod people;
mod quota;
pub(crate) mod read;
mod rule;
pub(crate) mod shelf;
mod source;
mod span;
pub mod suspension;
mod tiers;
mod tighten;
mod validate;

use std::collections::BTreeMap;
use std::ops::Range;

use change::ClassTable;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use agents::{Agent, Expiry, Verb};
pub use gate::{DEFAULT_CHECK, Gate, OnMerged};
pub use meaning::Sentence;
pub use on::{On, Respond};
pub use people::{Assisted, People};
pub use quota::{Counts, Quota};
pub use rule::{Demand, Rule};
pub use source::{Origin, RuleSource, Trouble};
pub use span::Span;
pub use suspension::{Suspended, Suspension};
pub use tiers::{Owner, Tier};
pub use tighten::{OWN_MAX_BYTES, OWN_RULES, Tightened, Tightening};

use crate::complaint::{Code, Complaint, Complaints};
use crate::facts::{Group, Lines, Wanted};
use crate::predicate::Known;
use crate::reference::{self, Bad, Key, Shape};
use read::Table;
use shelf::{PathSet, Shelf};

#[cfg(test)]
mod tests;

/// Valid rules.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Where they were read from, for people.
    pub source: String,
    /// SHA-256 of the text, in hex.
    pub digest: String,
    /// The gate's own settings.
    pub gate: Gate,
    /// Who is a person.
    pub people: People,
    /// Registered agents by name.
    pub agents: BTreeMap<String, Agent>,
    /// Tiers by name.
    pub tiers: BTreeMap<String, Tier>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// Which paths are of which class.
    pub classes: ClassTable,
    /// The names of all classes.
    pub(crate) class_names: Vec<String>,
    /// The path patterns of all rules.
    pub(crate) paths: PathSet,
}

/// What came of reading a rules file.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The rules, when there is no error among the complaints.
    pub rules: Option<Rules>,
    /// Everything that is wrong or doubtful, in the order of the file.
    pub complaints: Vec<Complaint>,
}

/// A rules file larger than this is not read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

const VERSION: u64 = 1;

impl Rules {
    /// Parses and validates a rules file. Total: whatever the text, there are rules or complaints.
    #[must_use]
    pub fn parse(source: &str, text: &str) -> Parsed {
        let mut complaints = Complaints::about(text);
        let help = "Rules are written for people: split them over several organisations or shorten them.";
        let root = document(text, MAX_BYTES, help, &mut complaints);
        let rules = root.map(|root| parse_root(source, text, &root, &mut complaints));
        let rules = rules.flatten().filter(|_| !complaints.has_errors());
        Parsed { rules, complaints: complaints.finish() }
    }

    /// What these rules need to know beyond the pull request itself.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let teams = self.tiers.values().flat_map(Tier::teams);
        let owners = Tier::any_excludes(&self.tiers).then(|| self.owner_teams());
        let counts = |rule: &Rule| rule.when.iter().any(|condition| condition.lines() == Lines::Count);
        Wanted {
            groups: self
                .people
                .members_of
                .iter()
                .chain(teams)
                .cloned()
                .chain(owners.into_iter().flatten())
                .collect(),
            lines: if self.rules.iter().any(counts) { Lines::Count } else { Lines::Skip },
            lines_of: self
                .agents
                .values()
                .filter(|agent| agent.counts_lines(None))
                .flat_map(|agent| &agent.accounts)
                .copied()
                .collect(),
            moments: Tier::moments(&self.tiers),
            check: self.gate.check.clone(),
        }
    }

    /// The teams that answer for agents.
    fn owner_teams(&self) -> impl Iterator<Item = Group> {
        self.agents.values().filter_map(Agent::owner_team)
    }
}

/// The file as TOML, if it is at most so large and has no syntax error: what follows one may be misread, and nothing is to
/// be complained about that is not meant.
fn document<'t>(
    text: &'t str,
    most: usize,
    help: &str,
    complaints: &mut Complaints<'_>,
) -> Option<Spanned<DeTable<'t>>> {
    if text.len() > most {
        let message = format!("the file has {} bytes, more than {most}", text.len());
        complaints.error(Code::TooLarge, 0..0, message, help);
        return None;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let help = "The file must be TOML 1.0: see toml.io.";
        complaints.error(Code::Syntax, span, one_line(error.message()), help);
    }
    (!complaints.has_errors()).then_some(root)
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join("; ")
}

fn parse_root(
    source: &str,
    text: &str,
    root: &Spanned<DeTable<'_>>,
    complaints: &mut Complaints<'_>,
) -> Option<Rules> {
    let mut root = Table::new("", 0..0, root.get_ref());
    parse_version(&mut root, complaints);
    let gate = gate::parse(&mut root, complaints);
    let tier_tables = root.named_tables("tiers", complaints);
    let tier_names: Vec<String> = tier_tables.iter().map(|(name, _)| name.clone()).collect();
    let tier_spans: Vec<_> =
        tier_tables.iter().map(|(name, table)| (name.clone(), table.span.clone())).collect();
    let tiers: BTreeMap<_, _> = tier_tables
        .into_iter()
        .filter_map(|(name, table)| Some((name.clone(), tiers::parse(&name, table, complaints)?)))
        .collect();
    let people = people::parse(&mut root, &tier_names, complaints);
    let agent_tables = root.named_tables("agents", complaints);
    let agent_names: Vec<String> = agent_tables.iter().map(|(name, _)| name.clone()).collect();
    let agent_spans: Vec<_> =
        agent_tables.iter().map(|(name, table)| (name.clone(), table.span.clone())).collect();
    let class_tables = root.named_tables("classes", complaints);
    let class_names = classes::names(&class_tables);
    let agents: BTreeMap<_, _> = agent_tables
        .into_iter()
        .filter_map(|(name, table)| {
            Some((name.clone(), agents::parse(&name, table, &class_names, complaints)?))
        })
        .collect();
    let class_spans: Vec<_> =
        class_tables.iter().map(|(name, table)| (name.clone(), table.span.clone())).collect();
    let classes = classes::parse(class_tables, complaints);
    let known = Known { agents: &agent_names, classes: &class_names };
    let mut shelf = Shelf::default();
    let (rules, rule_spans) = parse_rules(&mut root, &known, &tier_names, &mut shelf, complaints);
    let paths = shelf.compile(complaints);
    root.finish(complaints);

    let rules = Rules {
        source: source.to_owned(),
        digest: hex::encode(Sha256::digest(text.as_bytes())),
        gate,
        people,
        agents,
        tiers,
        rules,
        classes,
        class_names,
        paths,
    };
    if !complaints.has_errors() {
        let spans = validate::Spans {
            tiers: &tier_spans,
            agents: &agent_spans,
            classes: &class_spans,
            rules: &rule_spans,
        };
        validate::whole(&rules, &spans, complaints);
    }
    Some(rules)
}

fn parse_version(root: &mut Table<'_>, complaints: &mut Complaints<'_>) {
    let help = "Write `version = 1` at the top: it says which language the file is in.";
    if !root.has("version") {
        root.missing("version", help, complaints);
    }
    let Some(version) = root.number("version", u64::from(u32::MAX), complaints) else { return };
    if version.value != VERSION {
        let message = format!("version {} is not known here", version.value);
        complaints.error(Code::BadValue, version.span, message, help);
    }
}

fn parse_rules(
    root: &mut Table<'_>,
    known: &Known<'_>,
    tiers: &[String],
    shelf: &mut Shelf,
    complaints: &mut Complaints<'_>,
) -> (Vec<Rule>, Vec<Range<usize>>) {
    if root.holds("rules", |value| !matches!(value, DeValue::Array(_))) {
        let values = root.values("rules", complaints);
        let span = values.map_or(0..0, |values| values.span);
        let help = "Write each rule as its own `[[rules]]`, with two brackets.";
        complaints.error(Code::WrongType, span, "`rules` must be a list of rules", help);
        return (Vec::new(), Vec::new());
    }
    let (mut rules, mut spans): (Vec<Rule>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for value in root.values("rules", complaints).map(|values| values.value).unwrap_or_default() {
        let Some((id, rule)) = rule::parse(value, known, tiers, shelf, complaints) else { continue };
        if let Some(first) = rules.iter().find(|other| other.id == rule.id) {
            complaints.error(
                Code::DuplicateId,
                id.span,
                format!("a second rule is called `{}`; the first is on line {}", rule.id, first.line),
                "Give each rule its own id: verdicts refer to it.",
            );
            continue;
        }
        spans.push(id.span);
        rules.push(rule);
    }
    (rules, spans)
}

/// What people read about it.
const TABLE: reference::Table = reference::Table {
    heading: "",
    name: "root",
    meaning: "The top level of the file.",
    keys: &[
        Key {
            name: "version",
            needed: true,
            shape: Shape::Number(VERSION, VERSION),
            words: "`1`",
            default: None,
            meaning: "The language of the file.",
            bad: Bad { text: "version = 2", code: Code::BadValue },
        },
        Key {
            name: "gate",
            needed: false,
            shape: Shape::Table(&gate::TABLE),
            words: "table `[gate]`",
            default: None,
            meaning: "The check run, and whether verdicts block.",
            bad: Bad { text: "gate = \"portcullis\"", code: Code::WrongType },
        },
        Key {
            name: "people",
            needed: true,
            shape: Shape::Table(&people::TABLE),
            words: "table `[people]`",
            default: None,
            meaning: "Who is a person.",
            bad: Bad { text: "people = [\"acme\"]", code: Code::WrongType },
        },
        Key {
            name: "agents",
            needed: false,
            shape: Shape::Named(&agents::TABLE),
            words: "tables `[agents.NAME]`",
            default: None,
            meaning: "Each agent's registration.",
            bad: Bad { text: "agents = [\"copilot\"]", code: Code::WrongType },
        },
        Key {
            name: "tiers",
            needed: false,
            shape: Shape::Named(&tiers::TABLE),
            words: "tables `[tiers.NAME]`",
            default: None,
            meaning: "Named approval requirements.",
            bad: Bad { text: "tiers = { routine = 1 }", code: Code::WrongType },
        },
        Key {
            name: "classes",
            needed: false,
            shape: Shape::Named(&classes::TABLE),
            words: "tables `[classes.NAME]`",
            default: None,
            meaning: "Paths added to change classes.",
            bad: Bad { text: "classes = [\"payments\"]", code: Code::WrongType },
        },
        Key {
            name: "rules",
            needed: false,
            shape: Shape::Tables(&rule::TABLE),
            words: "list of tables `[[rules]]`",
            default: None,
            meaning: "When something applies, and what it demands.",
            bad: Bad { text: "rules = \"none\"", code: Code::WrongType },
        },
    ],
    good: "version = 1\n",
    bad: &[Bad { text: "[peple]\nmembers_of = [\"acme\"]\n", code: Code::UnknownKey }],
};

/// Every table that has a heading, in the order of the documents; the top level first.
pub const TABLES: &[&reference::Table] = &[
    &TABLE,
    &gate::TABLE,
    &people::TABLE,
    &people::ASSISTED,
    &agents::TABLE,
    &quota::TABLE,
    &tiers::TABLE,
    &classes::TABLE,
    &rule::TABLE,
];
