//! `[people]`: who is positively recognised as a person, and `[people.assisted]`: what their own work with an
//! agent's traces needs.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::read::{Table, list, nearest, number_of, text_of};
use crate::complaint::{Code, Complaints};
use crate::facts::Group;
use crate::identity::Catalogue;
use crate::ids::UserId;
use crate::reference::{self, ANY, Bad, GROUP, Key, Shape};

/// Who is a person. Whoever is not recognised here is an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Members of these organisations and teams, when their accounts are of type User.
    pub members_of: Vec<Group>,
    /// These accounts, by number: people outside of the organisation.
    pub accounts: BTreeSet<UserId>,
    /// Never people, by number: machine users that are members.
    pub except_ids: BTreeSet<UserId>,
    /// Never people, by login in lower case.
    pub except_logins: BTreeSet<String>,
    /// The provision for people's own work that carries traces of an agent.
    pub assisted: Option<Assisted>,
}

/// A person's pull request with traces of an agent needs this tier instead of being judged as the agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assisted {
    /// Agents from the catalogue whose traces are provided for.
    pub by: BTreeSet<String>,
    /// Whether commits that no account answers for are provided for, too.
    pub unattributed: bool,
    /// The tier that such work needs.
    pub require: String,
    /// Where `require` stands in the file.
    pub line: u32,
}

pub(super) fn parse(root: &mut Table<'_>, tiers: &[String], complaints: &mut Complaints<'_>) -> People {
    let mut people = People::default();
    let Some(mut table) = root.table("people", complaints) else {
        let help = "Say who is a person: `[people]` with `members_of = [\"your-organisation\"]`.";
        root.missing("people", help, complaints);
        return people;
    };
    let span = table.span.clone();
    if let Some(texts) = table.texts("members_of", complaints) {
        for text in texts.value {
            match Group::parse(&text.value) {
                Some(group) => people.members_of.push(group),
                None => complaints.error(
                    Code::BadValue,
                    text.span,
                    format!("`{}` is no organisation and no team", text.value.escape_debug()),
                    "Write `\"acme\"` for an organisation, `\"@acme/security\"` for a team.",
                ),
            }
        }
    }
    if let Some(values) = table.values("accounts", complaints) {
        let ids = values.value.iter().filter_map(|value| account_id("people.accounts", value, complaints));
        people.accounts = ids.collect();
        for value in &values.value {
            refuse_known_agent(value, complaints);
        }
    }
    parse_except(&mut table, &mut people, complaints);
    if people.members_of.is_empty() && people.accounts.is_empty() && !complaints.has_errors() {
        complaints.error(
            Code::NobodyIsAPerson,
            span,
            "`people` recognises nobody, so nobody could approve anything",
            "Add `members_of = [\"your-organisation\"]` or `accounts = [1001]`.",
        );
    }
    people.assisted = parse_assisted(&mut table, tiers, complaints);
    table.finish(complaints);
    people
}

fn account_id(
    path: &str,
    value: &toml::Spanned<DeValue<'_>>,
    complaints: &mut Complaints<'_>,
) -> Option<UserId> {
    if matches!(value.get_ref(), DeValue::String(_)) {
        complaints.error(
            Code::LoginIsNoIdentity,
            value.span(),
            format!("`{path}` takes account numbers, not logins"),
            "Logins are renamed and reused. `gh api users/LOGIN --jq .id` prints the number.",
        );
        return None;
    }
    number_of(path, value, i64::MAX as u64, complaints).map(|number| UserId(number.value))
}

/// An account of the catalogue is never a person's, so listing it here would do nothing.
fn refuse_known_agent(value: &toml::Spanned<DeValue<'_>>, complaints: &mut Complaints<'_>) {
    let DeValue::Integer(number) = value.get_ref() else { return };
    let Ok(id) = u64::from_str_radix(number.as_str(), number.radix()) else { return };
    if let Some(agent) = Catalogue::builtin().by_user_id(UserId(id)) {
        complaints.error(
            Code::PersonAndAgent,
            value.span(),
            format!("account {id} is known to be an agent's, `{}`, and never a person's", agent.id),
            "Remove it here; an agent belongs under `[agents.NAME]`.",
        );
    }
}

fn parse_except(table: &mut Table<'_>, people: &mut People, complaints: &mut Complaints<'_>) {
    let Some(values) = table.values("except", complaints) else { return };
    for value in values.value {
        if matches!(value.get_ref(), DeValue::Integer(_)) {
            let id = number_of("people.except", value, i64::MAX as u64, complaints);
            people.except_ids.extend(id.map(|id| UserId(id.value)));
        } else if let Some(login) = text_of("people.except", value, complaints) {
            complaints.warn(
                Code::LoginIsNoIdentity,
                login.span,
                format!("`people.except` names an account by its login `{}`", login.value.escape_debug()),
                "Once it is renamed it counts as a person. `gh api users/LOGIN --jq .id` prints its number.",
            );
            people.except_logins.insert(login.value.to_ascii_lowercase());
        }
    }
}

fn parse_assisted(
    people: &mut Table<'_>,
    tiers: &[String],
    complaints: &mut Complaints<'_>,
) -> Option<Assisted> {
    let mut table = people.table("assisted", complaints)?;
    let mut by = BTreeSet::new();
    if !table.has("by") {
        table.missing("by", "Name agents of the catalogue: `by = [\"claude-code\"]`.", complaints);
    }
    for text in table.texts("by", complaints).map(|texts| texts.value).unwrap_or_default() {
        if known_agent(&text.value, text.span, complaints) {
            by.insert(text.value);
        }
    }
    let unattributed = table.flag("unattributed", complaints).is_some_and(|flag| flag.value);
    let tier = table.needed_text("require", "Name the tier that assisted work needs.", complaints);
    table.finish(complaints);
    let tier = tier?;
    let line = complaints.line_of(tier.span.start);
    super::tiers::known(&tier, tiers, complaints).then_some(Assisted {
        by,
        unattributed,
        require: tier.value,
        line,
    })
}

/// Whether the catalogue has this agent; complains otherwise.
pub(super) fn known_agent(id: &str, span: std::ops::Range<usize>, complaints: &mut Complaints<'_>) -> bool {
    let catalogue = Catalogue::builtin();
    if catalogue.entry(id).is_some() {
        return true;
    }
    let ids: Vec<&str> = catalogue.ids().collect();
    let help = match nearest(id, &ids) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => {
            format!("Use {{ user_id = N }} for an agent of your own. Known agents: {}.", list(&ids))
        }
    };
    complaints.error(
        Code::UnknownCatalogueAgent,
        span,
        format!("the catalogue knows no agent `{}`", id.escape_debug()),
        help,
    );
    false
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[people]",
    name: "people",
    meaning: "Whoever is not recognised here is an agent, and an unregistered agent may do nothing.\nRecognition is by account number, asserted by the forge; logins are renamed and reused.\nAt least one of `members_of` and `accounts` must recognise somebody: otherwise nobody could approve anything.",
    keys: &[
        Key {
            name: "members_of",
            needed: false,
            shape: Shape::List(&Shape::Text(GROUP)),
            words: "organisations `\"acme\"` or teams `\"@acme/engineering\"`",
            default: None,
            meaning: "Their members are people, if their accounts are of type User and the catalogue does not know them as an agent's.",
            bad: Bad { text: "members_of = [\"@acme\"]", code: Code::BadValue },
        },
        Key {
            name: "accounts",
            needed: false,
            shape: Shape::List(&Shape::Number(0, i64::MAX as u64)),
            words: "list of account numbers",
            default: None,
            meaning: "People outside of the organisation. `gh api users/LOGIN --jq .id` prints the number.",
            bad: Bad { text: "accounts = [\"alice\"]", code: Code::LoginIsNoIdentity },
        },
        Key {
            name: "except",
            needed: false,
            shape: Shape::List(&Shape::Either(&[Shape::Number(0, i64::MAX as u64), Shape::Text(ANY)])),
            words: "list of account numbers, or of logins",
            default: None,
            meaning: "Members that are machines. A login is taken, with a warning: once it is renamed it counts as a person.",
            bad: Bad { text: "except = []", code: Code::EmptyValue },
        },
        Key {
            name: "assisted",
            needed: false,
            shape: Shape::Table(&ASSISTED),
            words: "table `[people.assisted]`",
            default: None,
            meaning: "What a person's own work with an agent's traces needs. Without it such work is judged as the agent's.",
            bad: Bad { text: "assisted = true", code: Code::WrongType },
        },
    ],
    good: "[people]\nmembers_of = [\"acme\", \"@acme-partners/reviewers\"]\naccounts   = [1901]\nexcept     = [1902]\n",
    bad: &[
        Bad { text: "[people]\nexcept = [1902]\n", code: Code::NobodyIsAPerson },
        Bad {
            text: "[people]\nmembers_of = [\"acme\"]\naccounts   = [198982749]   # GitHub's own agent\n",
            code: Code::PersonAndAgent,
        },
    ],
};

/// What people read about it.
pub(super) const ASSISTED: reference::Table = reference::Table {
    heading: "[people.assisted]",
    name: "assisted",
    meaning: "A person's own pull request that carries traces of an agent, such as a `Co-Authored-By` trailer, is judged as that agent's.\nWith this table it needs a tier instead, and the rules are asked as well.\nIt is a provision for people only: what an agent opened, pushed, or signed is the agent's whatever stands here.",
    keys: &[
        Key {
            name: "by",
            needed: true,
            shape: Shape::List(&Shape::Catalogue),
            words: "list of agents of the catalogue",
            default: None,
            meaning: "Whose traces are provided for.",
            bad: Bad { text: "by = [\"clade-code\"]", code: Code::UnknownCatalogueAgent },
        },
        Key {
            name: "unattributed",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: Some("false"),
            meaning: "Whether commits that no account answers for are provided for, too.",
            bad: Bad { text: "unattributed = \"no\"", code: Code::WrongType },
        },
        Key {
            name: "require",
            needed: true,
            shape: Shape::Text(ANY),
            words: "name of a tier",
            default: None,
            meaning: "What such work needs.",
            bad: Bad { text: "require = \"rutine\"", code: Code::UnknownTier },
        },
    ],
    good: "[people.assisted]\nby           = [\"claude-code\", \"copilot-cli\"]\nunattributed = false\nrequire      = \"routine\"\n",
    bad: &[],
};
