//! `labels`: the pull request carries one of the labels.
//!
//! Whoever may triage may label: use it to ask for more, not to allow more. GitHub compares labels without case.

use super::{About, Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{ANY, Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when the pull request carries one of the labels.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    labels: Vec<String>,
}

impl Condition for Labels {
    const RECORD: Record = Record {
        key: Key {
            name: "labels",
            needed: false,
            shape: Shape::List(&Shape::Text(ANY)),
            words: "list of texts",
            default: None,
            meaning: "Holds when the pull request carries one of the labels, compared without case. Whoever may triage may label: use it to ask for more, not to allow more.",
            bad: Bad { text: "when = { labels = [] }", code: Code::EmptyValue },
        },
        on: &[On::PullRequest],
        good: &["when = { labels = [\"needs-security\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let texts = when.texts("labels", reading.complaints)?;
        Some(Self { labels: texts.value.into_iter().map(|text| text.value).collect() })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let About::Pull(pull) = scene.about else { return Outcome::Fails };
        let carried = match pull.labels.get() {
            Ok(labels) => labels,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        let wanted = |label: &&String| self.labels.iter().any(|wanted| same(wanted, label));
        match carried.iter().find(wanted) {
            Some(label) => Outcome::Holds(Proof::note(format!("label `{}`", quoted(label)))),
            None => Outcome::Fails,
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("carry label {}", quoted_or(&self.labels))
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
