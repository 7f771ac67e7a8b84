//! What agents wrote is read for text that people do not see; what people wrote is not even fetched.

use policy::decide::reads_contents;
use policy::facts::{Pull, PullState};
use policy::rules::RuleSource;
use policy::{Fact, Facts, PullSubject, Subject};

use super::{Gate, ReconcileError};
use crate::github::Compared;

/// Adds what is hidden in each open pull request that an agent had a hand in. Who had is known by now.
pub(super) async fn add_hidden(
    gate: &Gate,
    subject: &PullSubject,
    rules: &RuleSource,
    facts: &mut Facts,
) -> Result<(), ReconcileError> {
    let subject = Subject::Pull(subject.clone());
    let own = look(gate, &subject, rules, facts, &facts.pull).await?;
    let mut others = Vec::new();
    for sibling in facts.siblings.get().map(Vec::as_slice).unwrap_or_default() {
        others.push(look(gate, &subject, rules, facts, sibling).await?);
    }
    facts.pull.hidden = own;
    if let Fact::Known(siblings) = &mut facts.siblings {
        siblings.iter_mut().zip(others).for_each(|(sibling, hidden)| sibling.hidden = hidden);
    }
    Ok(())
}

async fn look(
    gate: &Gate,
    subject: &Subject,
    rules: &RuleSource,
    facts: &Facts,
    pull: &Pull,
) -> Result<Fact<Vec<change::HiddenText>>, ReconcileError> {
    if let Fact::Unknown(why) = &pull.change {
        return Ok(Fact::Unknown(why.clone()));
    }
    if pull.state != PullState::Open || !reads_contents(facts, pull, rules) {
        return Ok(Fact::unknown("not read"));
    }
    let compared = Compared { pull: pull.number, base: &pull.base.sha, head: &pull.head.sha };
    Ok(gate.github.hidden_text(subject.place(), &facts.repository, compared).await?)
}
