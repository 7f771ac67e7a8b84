//! `labels`: the pull request carries one of the labels.
//!
//! Whoever may triage may label: use it to ask for more, not to allow more. GitHub compares labels without case.

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::read::Table;
use crate::verdict::quoted;

/// Holds when the pull request carries one of the labels.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    labels: Vec<String>,
}

impl Labels {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let texts = when.texts("labels", complaints)?;
        Some(Self { labels: texts.value.into_iter().map(|text| text.value).collect() })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let carried = match scene.pull.labels.get() {
            Ok(labels) => labels,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        let wanted = |label: &&String| self.labels.iter().any(|wanted| same(wanted, label));
        match carried.iter().find(wanted) {
            Some(label) => Outcome::Holds(Proof::note(format!("label `{}`", quoted(label)))),
            None => Outcome::Fails,
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
