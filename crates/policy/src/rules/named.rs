//! Who a rules file names: groups and accounts with their places, so that somebody else can ask whether they exist.
//!
//! Reads the text once more, for what is parsed keeps no places. Says nothing about mistakes: that was done before.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::facts::Group;
use crate::ids::UserId;

/// Somebody that a rules file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Who.
    pub who: Who,
    /// What for: `people.members_of`, `tiers.NAME.from`…
    pub key: String,
    /// Where, as a byte range.
    pub span: Range<usize>,
}

/// Whom a rules file can name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// An organisation or a team.
    Group(Group),
    /// An account that is to be a person's.
    Person(UserId),
    /// An account of whatever kind.
    Account(UserId),
}

/// Everybody whom a valid rules file names by group or by account number, in the order of the file.
#[must_use]
pub fn named(text: &str) -> Vec<Named> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    let mut found = Vec::new();
    if let Some(people) = below(root, "people") {
        put(people, "members_of", "people.members_of", group, &mut found);
        put(people, "accounts", "people.accounts", |value| number(value).map(Who::Person), &mut found);
        put(people, "except", "people.except", |value| number(value).map(Who::Account), &mut found);
    }
    for (name, tier) in tables(root, "tiers") {
        put(tier, "from", &format!("tiers.{name}.from"), group, &mut found);
        put(tier, "each", &format!("tiers.{name}.each"), group, &mut found);
    }
    for (name, agent) in tables(root, "agents") {
        let team =
            |value: &DeValue<'_>| group(value).filter(|who| matches!(who, Who::Group(Group::Team { .. })));
        put(agent, "owner", &format!("agents.{name}.owner"), team, &mut found);
        let own = |value: &DeValue<'_>| match value {
            DeValue::Table(by) => number(by.get("user_id")?.get_ref()).map(Who::Account),
            _ => None,
        };
        put(agent, "recognise", &format!("agents.{name}.recognise"), own, &mut found);
    }
    let mut seen = BTreeSet::new();
    found.retain(|named| seen.insert((named.key.clone(), named.who.clone())));
    found.sort_by_key(|named| named.span.start);
    found
}

fn below<'t>(table: &'t DeTable<'t>, key: &str) -> Option<&'t DeTable<'t>> {
    match table.get(key)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn tables<'t>(root: &'t DeTable<'t>, key: &str) -> Vec<(String, &'t DeTable<'t>)> {
    let named = below(root, key).into_iter().flat_map(|parent| parent.iter());
    named
        .filter_map(|(name, value)| match value.get_ref() {
            DeValue::Table(table) => Some((name.get_ref().to_string(), table)),
            _ => None,
        })
        .collect()
}

fn put(
    table: &DeTable<'_>,
    key: &str,
    path: &str,
    read: impl Fn(&DeValue<'_>) -> Option<Who>,
    found: &mut Vec<Named>,
) {
    let Some(value) = table.get(key) else { return };
    let values: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
        DeValue::Array(array) => array.iter().collect(),
        _ => vec![value],
    };
    for value in values {
        found.extend(read(value.get_ref()).map(|who| Named {
            who,
            key: path.to_owned(),
            span: value.span(),
        }));
    }
}

fn group(value: &DeValue<'_>) -> Option<Who> {
    match value {
        DeValue::String(text) => Group::parse(text).map(Who::Group),
        _ => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<UserId> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok().map(UserId),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_found_where_they_stand() {
        let text = include_str!("../../../../rules.toml");
        let told: Vec<(String, &str)> =
            named(text).into_iter().map(|named| (named.key, text.get(named.span).unwrap())).collect();
        let expected = [
            ("people.members_of", "\"acme\""),
            ("people.accounts", "1901"),
            ("people.except", "1902"),
            ("agents.copilot.owner", "\"@acme/platform\""),
            ("tiers.sensitive.from", "\"@acme/security\""),
        ];
        assert_eq!(told, expected.map(|(key, text)| (key.to_owned(), text)));
    }

    #[test]
    fn nonsense_names_nobody() {
        for text in ["", "=", "people = 3", "[people]\nmembers_of = 3\naccounts = \"x\"", "agents = [1]"] {
            assert_eq!(named(text), [], "{text}");
        }
    }
}
