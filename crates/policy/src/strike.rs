//! Strikes: moves that had to be put back. An agent that goes on pushing what is taken back is stopped.
//!
//! A strike is a deed that was answered, not one that was only reported, and only of a registered agent: whoever else
//! cannot be suspended by name.

use crate::act::{ActVerdict, Deed, RefFacts};
use crate::facts::Fact;
use crate::ids::Millis;
use crate::incident::{Incident, Kind};
use crate::plan::Action;
use crate::rules::Respond;

/// One move that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// The agent's name in the rules.
    pub agent: String,
    /// Tells it from others of the same branch or tag.
    pub id: String,
    /// When it was heard of.
    pub at: Millis,
    /// Why the agent is suspended, should this be the last one that is borne.
    pub reason: String,
    /// What is told of that.
    pub incident: Incident,
}

/// The moves that were put back: by these actions, all of which the forge shows, or by what the gate had done before.
/// `key` is the subject's.
#[must_use]
pub fn strikes(verdict: &ActVerdict, facts: &RefFacts, actions: &[Action], key: &str) -> Vec<Strike> {
    let Fact::Known(moves) = &facts.moves else { return Vec::new() };
    let answered = moves.iter().rposition(|moved| moved.own);
    // What is only proposed is not back yet.
    let now = actions.iter().any(|action| match action {
        Action::PutBack(back) => back.from != back.to,
        Action::Undo(undo) => !undo.propose,
        Action::ShowCheck(_)
        | Action::CancelRun(_)
        | Action::DisableAutoMerge(_)
        | Action::ProposeRevert(_)
        | Action::AnswerDeployment(_) => false,
    });
    let mut strikes = Vec::new();
    for (at, moved) in moves.iter().enumerate() {
        let back = now || answered.is_some_and(|own| at < own);
        let deed = verdict.deeds.iter().find(|deed| back && deed.id == moved.id);
        let deed = deed.filter(|deed| verdict.answer(deed) == Some(Respond::Revert));
        strikes.extend(deed.and_then(|deed| strike(verdict, deed, moved.at, key)));
    }
    strikes
}

fn strike(verdict: &ActVerdict, deed: &Deed, at: Millis, key: &str) -> Option<Strike> {
    let agent = deed.involvement.agents.iter().find_map(|trace| trace.registered.clone())?;
    let (about, repository) = (crate::verdict::quoted(&verdict.about), &verdict.repository.name);
    let reason = format!("what it pushed to `{about}` of {repository} had to be put back again and again");
    let incident = Incident {
        kind: Kind::Suspended,
        once_key: format!("{key}#{}/suspended", deed.id),
        group: None,
        title: format!("{agent} is suspended: {reason}"),
        who: deed.involvement.author.clone(),
        agent: Some(agent.clone()),
        at,
        findings: deed.findings.clone(),
        respond: Respond::Revert,
    };
    Some(Strike { agent, id: deed.id.clone(), at, reason, incident })
}
