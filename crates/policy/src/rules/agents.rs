//! `[agents.NAME]`: an agent's registration: who it is, who answers for it, and what it may do where, until when.

use std::collections::BTreeSet;
use std::fmt;

use change::Globs;
use toml::de::DeValue;

use super::glob;
use super::quota::{self, Quota};
use super::read::{At, Table, list, nearest, text_of, wrong_type};
use crate::complaint::{Code, Complaints};
use crate::facts::Group;
use crate::identity::Catalogue;
use crate::ids::{Millis, UserId};
use crate::reference::{self, Bad, Key, PATTERN, Shape};

/// A registered agent and its bounds.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its name in `rules.toml`.
    pub name: String,
    /// Where its table stands.
    pub line: u32,
    /// The accounts that are this agent.
    pub accounts: BTreeSet<UserId>,
    /// The catalogue's agents that are this agent.
    pub catalogue: BTreeSet<String>,
    /// Who answers for it.
    pub owner: String,
    /// What it is for.
    pub purpose: String,
    /// Where it may act, over `owner/name` in lower case.
    pub repos: Globs,
    /// The branches it may work on.
    pub branches: Globs,
    /// The workflows that may run for it; `None` does not bound that.
    pub workflows: Option<Globs>,
    /// What it may do.
    pub may: BTreeSet<Verb>,
    /// Until when, if that is bounded.
    pub expires: Option<Expiry>,
    /// How much, if that is bounded.
    pub quota: Option<Quota>,
}

impl Agent {
    /// Whether its quota, or this one of a repository, bounds changed lines.
    pub(crate) fn counts_lines(&self, own: Option<&Quota>) -> bool {
        self.quota.iter().chain(own).any(|quota| !quota.lines_a_day.is_empty())
    }

    /// The team that answers for it, when a team does.
    pub(crate) fn owner_team(&self) -> Option<Group> {
        Group::parse(&self.owner).filter(|owner| matches!(owner, Group::Team { .. }))
    }
}

/// The last day of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// As written.
    pub date: String,
    /// The first moment after that day, UTC.
    pub end: Millis,
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Read.
    Read,
    /// Open pull requests.
    Propose,
    /// Push to branches.
    Push,
    /// Merge, or have merged by auto-merge.
    Merge,
    /// Start workflow runs.
    Run,
    /// Deploy.
    Deploy,
    /// Release.
    Release,
}

const VERBS: [(&str, Verb); 7] = [
    ("read", Verb::Read),
    ("propose", Verb::Propose),
    ("push", Verb::Push),
    ("merge", Verb::Merge),
    ("run", Verb::Run),
    ("deploy", Verb::Deploy),
    ("release", Verb::Release),
];

const VERB_NAMES: [&str; 7] = ["read", "propose", "push", "merge", "run", "deploy", "release"];

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = VERBS.iter().find(|(_, verb)| verb == self).map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

/// Reads a registration; `classes` are the names of all change classes.
pub(super) fn parse(
    name: &str,
    mut table: Table<'_>,
    classes: &[String],
    complaints: &mut Complaints<'_>,
) -> Option<Agent> {
    let line = complaints.line_of(table.span.start);
    let (accounts, catalogue) = parse_recognise(&mut table, complaints);
    let owner =
        table.needed_text("owner", "Name who answers for it: `owner = \"@acme/platform\"`.", complaints);
    let owner = owner.and_then(|owner| checked_owner(owner, complaints));
    let help = "Say in a few words what it is for: reviewers read this.";
    let purpose = table.needed_text("purpose", help, complaints);
    let repos_help = "Name the repositories it may act in: `repos = [\"acme/web\"]`.";
    need("repos", repos_help, &table, complaints);
    let repos = glob::parse_repos("repos", &mut table, complaints);
    let branches_help = "Name the branches it may work on: `branches = [\"copilot/**\"]`.";
    need("branches", branches_help, &table, complaints);
    let branches = glob::parse("branches", &mut table, complaints);
    let workflows = glob::parse("workflows", &mut table, complaints);
    let may = parse_may(&mut table, complaints);
    let quota = quota::parse(&mut table, classes, complaints);
    let span = table.span.clone();
    let expires = match table.has("expires") {
        true => Some(parse_expires(&mut table, complaints)?),
        false => {
            complaints.warn(
                Code::AgentWithoutExpiry,
                span,
                format!("agent `{}` never expires", name.escape_debug()),
                "Registrations are meant to be reviewed: add `expires = 2027-03-31`.",
            );
            None
        }
    };
    table.finish(complaints);
    Some(Agent {
        name: name.to_owned(),
        line,
        accounts,
        catalogue,
        owner: owner?,
        purpose: purpose?.value,
        repos: repos?,
        branches: branches?,
        workflows,
        may,
        expires,
        quota,
    })
}

fn need(key: &'static str, help: &str, table: &Table<'_>, complaints: &mut Complaints<'_>) {
    if !table.has(key) {
        table.missing(key, help, complaints);
    }
}

/// An owner is an account or a team that can be asked.
fn checked_owner(owner: At<String>, complaints: &mut Complaints<'_>) -> Option<String> {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let name = owner.value.strip_prefix('@').unwrap_or_default();
    if name.split('/').count() <= 2 && name.split('/').all(plain) {
        return Some(owner.value);
    }
    complaints.error(
        Code::BadValue,
        owner.span,
        format!("`{}` is no account and no team", owner.value.escape_debug()),
        "Write `\"@alice\"` or `\"@acme/platform\"`.",
    );
    None
}

fn parse_recognise(
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> (BTreeSet<UserId>, BTreeSet<String>) {
    let (mut accounts, mut catalogue) = (BTreeSet::new(), BTreeSet::new());
    need(
        "recognise",
        "Say how it is recognised: `recognise = [\"github-copilot\"]` or `[{ user_id = 1001 }]`.",
        table,
        complaints,
    );
    let values = table.values("recognise", complaints).map(|values| values.value).unwrap_or_default();
    for value in values {
        match value.get_ref() {
            DeValue::String(_) => {
                let Some(id) = text_of("recognise", value, complaints) else { continue };
                if super::people::known_agent(&id.value, id.span, complaints) {
                    accounts.extend(Catalogue::builtin().user_ids_of(&id.value));
                    catalogue.insert(id.value);
                }
            }
            DeValue::Table(_) => {
                let Some(mut by) = Table::of("recognise", value.span(), value, complaints) else { continue };
                if !by.has("user_id") {
                    by.missing("user_id", "Write `{ user_id = 1001 }`.", complaints);
                }
                accounts.extend(by.number("user_id", i64::MAX as u64, complaints).map(|id| UserId(id.value)));
                by.finish(complaints);
            }
            other => {
                let expected = "an agent of the catalogue or `{ user_id = N }`";
                wrong_type("recognise", expected, other, value.span(), complaints);
            }
        }
    }
    (accounts, catalogue)
}

pub(super) fn parse_may(table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> BTreeSet<Verb> {
    need("may", "Say what it may do: `may = [\"read\", \"propose\"]`.", table, complaints);
    let mut may = BTreeSet::new();
    for text in table.texts("may", complaints).map(|texts| texts.value).unwrap_or_default() {
        if let Some((_, verb)) = VERBS.iter().find(|(name, _)| *name == text.value) {
            may.insert(*verb);
            continue;
        }
        let names: Vec<&str> = VERBS.iter().map(|(name, _)| *name).collect();
        let help = match nearest(&text.value, &names) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Known: {}.", list(&names)),
        };
        let message = format!("`{}` is nothing an agent may do", text.value.escape_debug());
        complaints.error(Code::UnknownVerb, text.span, message, help);
    }
    may
}

pub(super) fn parse_expires(table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Expiry> {
    let written = table.date("expires", complaints)?;
    let day = written.value.date.filter(|_| written.value.time.is_none());
    let date = day.and_then(|day| {
        let (year, month, day) =
            (i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?);
        jiff::civil::Date::new(year, month, day).ok()
    });
    let end = date.and_then(|date| {
        let next = date.tomorrow().ok()?;
        next.to_zoned(jiff::tz::TimeZone::UTC).ok()
    });
    match (date, end) {
        (Some(date), Some(end)) => {
            Some(Expiry { date: date.to_string(), end: Millis(end.timestamp().as_millisecond()) })
        }
        _ => {
            let message = "`expires` must be a date without a time";
            complaints.error(Code::BadValue, written.span, message, "Write `expires = 2027-03-31`.");
            None
        }
    }
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[agents.NAME]",
    name: "agent",
    meaning: "Each agent has its own table: who it is, who answers for it, and what bounds it.\nAn account is one agent: two registrations of it, or a registration of somebody listed under `people.accounts`, are refused.",
    keys: &[
        Key {
            name: "recognise",
            needed: true,
            shape: Shape::List(&Shape::Either(&[Shape::Catalogue, Shape::Table(&BY_ACCOUNT)])),
            words: "list of agents of the catalogue, or `{ user_id = N }`",
            default: None,
            meaning: "Agents of the built-in catalogue (`crates/policy/src/identity/catalogue.toml`), or an account of your own by number. Both are matched by account number.",
            bad: Bad { text: "recognise = [\"devon\"]", code: Code::UnknownCatalogueAgent },
        },
        Key {
            name: "owner",
            needed: true,
            shape: Shape::Text("^@[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$"),
            words: "`\"@alice\"` or `\"@acme/platform\"`",
            default: None,
            meaning: "Who answers for it.",
            bad: Bad { text: "owner = \"the platform team\"", code: Code::BadValue },
        },
        Key {
            name: "purpose",
            needed: true,
            shape: Shape::Text("\\S"),
            words: "text",
            default: None,
            meaning: "What it is for. Reviewers read this.",
            bad: Bad { text: "purpose = \"\"", code: Code::EmptyValue },
        },
        Key {
            name: "repos",
            needed: true,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns over `owner/name`",
            default: None,
            meaning: "Where it may act. Both the base repository and the one that the change comes from must match. Compared without case.",
            bad: Bad { text: "repos = [\"acme/[\"]", code: Code::BadGlob },
        },
        Key {
            name: "branches",
            needed: true,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "The branches it may work on.",
            bad: Bad { text: "branches = [\"/devin\"]", code: Code::BadGlob },
        },
        Key {
            name: "workflows",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "The workflow files that may run for it. Without it any may, as the default branch has them.",
            bad: Bad { text: "workflows = [\"/ci.yml\"]", code: Code::BadGlob },
        },
        Key {
            name: "may",
            needed: true,
            shape: Shape::List(&Shape::OneOf(&VERB_NAMES)),
            words: "list of `read`, `propose`, `push`, `merge`, `run`, `deploy`, `release`",
            default: None,
            meaning: "`propose` is needed to work on the branches above and to open pull requests from them, `push` to push to the default branch, `merge` to switch auto-merge on, `run` to start workflows and to run them again, `deploy` to deploy, `release` to touch tags and releases and to publish packages.",
            bad: Bad { text: "may = [\"propose\", \"aprove\"]", code: Code::UnknownVerb },
        },
        Key {
            name: "expires",
            needed: false,
            shape: Shape::Date,
            words: "date, UTC",
            default: None,
            meaning: "The last day of the registration. Without it there is a warning: registrations are reviewed, not kept.",
            bad: Bad { text: "expires = \"2027-03-31\"", code: Code::WrongType },
        },
        Key {
            name: "quota",
            needed: false,
            shape: Shape::Table(&quota::TABLE),
            words: "table `[agents.NAME.quota]`",
            default: None,
            meaning: "How much of one thing it may do.",
            bad: Bad { text: "quota = 10", code: Code::WrongType },
        },
    ],
    good: "[agents.helper]\nrecognise = [\"devin\", { user_id = 1234 }]\nowner     = \"@acme/platform\"\npurpose   = \"keeps the handbook up to date\"\nrepos     = [\"acme/docs-*\"]\nbranches  = [\"devin/**\"]\nworkflows = [\".github/workflows/docs.yml\"]\nmay       = [\"read\", \"propose\"]\nexpires   = 2027-03-31\nquota     = { open = 10 }\n",
    bad: &[Bad {
        text: "[agents.one]\nrecognise = [\"devin\"]\nowner     = \"@acme/platform\"\npurpose   = \"small fixes\"\nrepos     = [\"acme/web\"]\nbranches  = [\"devin/**\"]\nmay       = [\"propose\"]\nexpires   = 2027-03-31\n\n[agents.two]\nrecognise = [{ user_id = 158243242 }]   # the same account\nowner     = \"@acme/platform\"\npurpose   = \"the handbook\"\nrepos     = [\"acme/docs\"]\nbranches  = [\"other/**\"]\nmay       = [\"propose\"]\nexpires   = 2027-03-31\n",
        code: Code::AgentRegisteredTwice,
    }],
};

/// What people read about it.
const BY_ACCOUNT: reference::Table = reference::Table {
    heading: "",
    name: "by_account",
    meaning: "An account of your own.",
    keys: &[Key {
        name: "user_id",
        needed: true,
        shape: Shape::Number(0, i64::MAX as u64),
        words: "account number",
        default: None,
        meaning: "The number of the account.",
        bad: Bad { text: "user_id = \"1234\"", code: Code::WrongType },
    }],
    good: "",
    bad: &[],
};
