//! What people read about the rules language: a record for every table, key and condition, beside the code that reads it.
//!
//! Data only. `docs/rules.md` and the schema that editors use are made from it, and the tests hold it against the
//! parser: every key that is asked for has a record, every good example is valid, every bad one is refused with the
//! code that it names.

use crate::complaint::Code;
use crate::rules::On;
pub use crate::rules::TABLES;

/// One key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether it must be there.
    pub needed: bool,
    /// What may be written, for machines.
    pub shape: Shape,
    /// What may be written, in words.
    pub words: &'static str,
    /// What holds when it is left out, as it would be written.
    pub default: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
    /// What is refused: a line to stand instead of the key's own.
    pub bad: Bad,
}

/// An example that is refused.
#[derive(Debug, Clone, Copy)]
pub struct Bad {
    /// A part of a rules file.
    pub text: &'static str,
    /// The code that it is refused with.
    pub code: Code,
}

/// One table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// As its heading is written: `[agents.NAME]`. Empty for the top level and for tables inside of a line.
    pub heading: &'static str,
    /// Its name in the schema.
    pub name: &'static str,
    /// What it is for, one sentence a line.
    pub meaning: &'static str,
    /// Its keys, in the order of the documents.
    pub keys: &'static [Key],
    /// A whole and good table, with every key in it that can be there together.
    pub good: &'static str,
    /// What is refused of it as a whole.
    pub bad: &'static [Bad],
}

/// One condition of a rule's `when`.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Its key.
    pub key: Key,
    /// What it can be asked of. A rule about anything else that names it is refused, for it would never apply.
    pub on: &'static [On],
    /// Lines that are good, each `when = { … }`.
    pub good: &'static [&'static str],
}

/// What may be written as a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Flag,
    /// `true`, for `false` would say nothing.
    True,
    /// A date without a time.
    Date,
    /// A text that matches the regular expression; any text when that is empty.
    Text(&'static str),
    /// A text of one to so many characters.
    Line(u32),
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An agent of the catalogue, by id.
    Catalogue,
    /// A change class: built in, or defined in the file.
    Class,
    /// A table of change classes, each with a whole number from the first to the second.
    PerClass(u64, u64),
    /// A list of at least one of these. A single one may stand without brackets.
    List(&'static Shape),
    /// One of these shapes.
    Either(&'static [Shape]),
    /// A table.
    Table(&'static Table),
    /// Tables by names that the file gives.
    Named(&'static Table),
    /// A list of tables.
    Tables(&'static Table),
    /// A table of conditions.
    Conditions,
}

/// What every path or branch pattern must look like at least.
pub(crate) const PATTERN: &str = "^[^/!]";
/// An organisation or a team.
pub(crate) const GROUP: &str = "^(@[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|[A-Za-z0-9._-]+)$";
/// A team.
pub(crate) const TEAM: &str = "^@[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$";
/// Any text.
pub(crate) const ANY: &str = "";

/// The conditions that a rule's `when` may name, in the order of their names.
#[must_use]
pub fn conditions() -> Vec<Record> {
    let mut records = crate::predicate::RECORDS.to_vec();
    records.sort_by_key(|record| record.key.name);
    records
}

/// A whole and valid file around a part of one: whatever the part leaves out is filled in.
#[must_use]
pub fn whole(part: &str) -> String {
    const REST: [(&str, &str); 4] = [
        ("[people]", "[people]\nmembers_of = [\"acme\"]\n"),
        ("[tiers.routine]", "[tiers.routine]\napprovals = 1\n"),
        ("[tiers.sensitive]", "[tiers.sensitive]\napprovals = 2\nfrom = [\"@acme/security\"]\n"),
        (
            "[agents.copilot]",
            "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
             repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n",
        ),
    ];
    let has = |head: &str| part.lines().any(|line| line.trim_start().starts_with(head));
    let mut text = if has("version") { String::new() } else { "version = 1\n".to_owned() };
    // A condition alone stands in a rule.
    match has("when ") && !has("[") {
        true => text.push_str(&rule_around(part)),
        false => text.push_str(part),
    }
    let says = |head: &str| {
        let key = head.trim_matches(['[', ']']).split('.').next().unwrap_or_default();
        has(head) || has(&format!("{key} ="))
    };
    for (_, table) in REST.iter().filter(|(head, _)| !says(head)) {
        text.push('\n');
        text.push_str(table);
    }
    text
}

/// A rule around a line `when = { … }`, about the first thing that the condition can be asked of.
#[must_use]
pub fn rule_around(when: &str) -> String {
    let named = |record: &&Record| when.contains(&format!("{{ {} = ", record.key.name));
    let about = conditions().iter().find(named).and_then(|record| record.on.first().copied());
    let about = about.unwrap_or(On::PullRequest);
    let demand = if about.can_wait() { "require = \"routine\"" } else { "deny = true" };
    format!("[[rules]]\nid = \"x\"\non = [\"{about}\"]\n{}\n{demand}\n", when.trim_end())
}

#[cfg(test)]
mod tests;
