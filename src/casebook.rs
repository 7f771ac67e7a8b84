//! Rules are tested like code: cases that maintainers write beside their rules, judged without a forge.
//!
//! A case says who did what and who approved; everything else is filled in so that nothing but the rules decides. The
//! same `decide` runs as on the real forge.

mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::decide::decide;
use policy::rules::{On, RuleSource, Rules, Tightening};
use policy::verdict::{Code, Conclusion};
use policy::{Fact, Verdict};
use serde::Deserialize;

/// A file of cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Casebook {
    /// The cases.
    #[serde(default)]
    pub cases: Vec<Case>,
}

/// One case: a pull request, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, in a few words.
    pub name: String,
    /// Who proposes: a registered agent's name, `@login` for a person, `?name` for an agent that nobody registered.
    pub actor: String,
    /// The repository, `owner/name`.
    pub repository: String,
    /// The branch it comes from; `work` when left out.
    pub branch: Option<String>,
    /// The branch it would land on; `main` when left out.
    pub base: Option<String>,
    /// What it changes.
    #[serde(default)]
    pub paths: Vec<ChangedPath>,
    /// Lines added and removed together.
    pub lines: Option<u64>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Trailers of its commit, such as `Co-Authored-By: Claude <noreply@anthropic.com>`.
    #[serde(default)]
    pub trailers: Vec<String>,
    /// Who approves.
    #[serde(default)]
    pub approvals: Vec<GivenApproval>,
    /// The day on which it is judged; registrations have not ended when left out.
    pub on: Option<toml::value::Datetime>,
    /// The conclusion.
    pub expect: Expected,
    /// For how many minutes the head has been there; for ever when left out.
    pub head_minutes: Option<u32>,
    /// What else the agent did, as quotas count it; nothing when left out.
    pub beside: Option<Beside>,
    /// The rules that must apply, no more and no fewer; not compared when left out.
    pub rules: Option<BTreeSet<String>>,
    /// Finding codes that must be among the findings.
    #[serde(default)]
    pub codes: BTreeSet<String>,
}

/// What else an agent did, as quotas count it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Pull requests that were opened before this one, longer than a week ago, and are open.
    #[serde(default)]
    pub open: u16,
    /// Pull requests that were opened an hour before this one.
    #[serde(default)]
    pub opened_today: u16,
    /// Lines that were merged a minute ago, by change class.
    #[serde(default)]
    pub lines_today: BTreeMap<String, u64>,
}

/// A changed path: its name alone, or with what happened to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ChangedPath {
    /// A file that is edited.
    Edited(String),
    /// Anything else.
    Told(ToldPath),
}

/// A changed path with what happened to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldPath {
    /// Its name.
    pub path: String,
    /// What happened.
    #[serde(default)]
    pub change: Happened,
    /// What it is afterwards (or was, when deleted).
    #[serde(default)]
    pub mode: Kind,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It is new.
    Added,
    /// It is edited.
    #[default]
    Modified,
    /// It is gone.
    Deleted,
}

/// What a path is.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file.
    #[default]
    File,
    /// An executable file.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A submodule.
    Submodule,
}

/// An approval: by a person of that login, or with more about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum GivenApproval {
    /// By a person with write access, on the head.
    By(String),
    /// With more about it.
    Told(ToldApproval),
}

/// An approval with more about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldApproval {
    /// Who gives it, in the words of [`Case::actor`]; a plain login is a person's.
    pub by: String,
    /// Teams that the approver belongs to.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Whether the approver may push.
    #[serde(default = "yes")]
    pub write: bool,
    /// Whether it was given on an earlier commit.
    #[serde(default)]
    pub outdated: bool,
    /// How many days before the case's own it was given.
    #[serde(default)]
    pub days_ago: u32,
    /// Whether it was given as a comment, `/portcullis approve` with the head.
    #[serde(default)]
    pub comment: bool,
}

fn yes() -> bool {
    true
}

/// The conclusion that a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// It may land.
    Success,
    /// Somebody must approve.
    ActionRequired,
    /// It may not land.
    Failure,
}

/// What came of a case.
#[derive(Debug)]
pub struct Judged {
    /// The whole decision.
    pub verdict: Verdict,
    /// The rules that applied.
    pub applied: BTreeSet<String>,
    /// How it differs from what was expected; empty when it does not.
    pub differences: Vec<String>,
}

impl Casebook {
    /// Parses a file of cases; the error shows line and caret.
    ///
    /// # Errors
    /// What is not TOML, unknown, missing, or of the wrong type.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// The rules that cases are judged by.
#[derive(Debug, Clone)]
pub struct Law {
    /// The organisation's.
    pub rules: Arc<Rules>,
    /// The text of a repository's own, below them.
    pub own: Option<String>,
}

impl Law {
    /// The ids of all rules.
    #[must_use]
    pub fn rule_ids(&self) -> BTreeSet<String> {
        let proposals = self.rules.rules.iter().filter(|rule| rule.on.contains(&On::PullRequest));
        let ids = proposals.map(|rule| rule.id.clone());
        let own = self.own.as_ref().and_then(|text| Tightening::parse(&self.rules, text).tightening);
        ids.chain(own.iter().flat_map(Tightening::rule_ids).map(str::to_owned)).collect()
    }
}

impl Case {
    /// Judges the case by these rules.
    ///
    /// # Errors
    /// What in the case makes no sense, such as an agent that is not registered.
    pub fn judge(&self, law: &Law) -> Result<Judged, String> {
        let facts = facts::of(self, law)?;
        let verdict = decide(&facts, &RuleSource::good(Arc::clone(&law.rules)));
        let findings = || verdict.pulls.iter().flat_map(|pull| &pull.findings);
        let ids = law.rule_ids();
        let places = findings().filter(|finding| finding.code != Code::CannotSee);
        let applied: BTreeSet<String> = places
            .filter_map(|finding| finding.rule.as_ref())
            .filter(|rule| ids.contains(&rule.id))
            .map(|rule| rule.id.clone())
            .collect();
        let codes: BTreeSet<String> = findings().filter_map(|finding| code_of(finding.code)).collect();
        let differences = self.differences(verdict.conclusion, &applied, &codes);
        Ok(Judged { verdict, applied, differences })
    }

    fn differences(
        &self,
        conclusion: Conclusion,
        applied: &BTreeSet<String>,
        codes: &BTreeSet<String>,
    ) -> Vec<String> {
        let mut differences = Vec::new();
        let expected = match self.expect {
            Expected::Success => Conclusion::Success,
            Expected::ActionRequired => Conclusion::ActionRequired,
            Expected::Failure => Conclusion::Failure,
        };
        if conclusion != expected {
            differences.push(format!("expected `{}`, got `{}`", expected.as_str(), conclusion.as_str()));
        }
        if let Some(expected) = &self.rules {
            let missing = expected.difference(applied).map(|rule| format!("rule `{rule}` did not apply"));
            differences.extend(missing);
            differences
                .extend(applied.difference(expected).map(|rule| format!("rule `{rule}` applied, too")));
        }
        let silent = self.codes.difference(codes);
        differences.extend(silent.map(|code| format!("no finding has the code `{code}`")));
        differences
    }
}

fn code_of(code: Code) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}

/// A fact that a case states.
fn known<T>(value: T) -> Fact<T> {
    Fact::Known(value)
}

#[cfg(test)]
mod tests;
