//! Decides about what has happened already: moves of branches and tags.
//!
//! Whoever is a person is not judged. A registered agent may do what its registration says, and rules may forbid more;
//! whoever else may do nothing. Unlike a proposed change there is nothing to wait for: what is denied is answered.

mod actors;
mod allowed;
mod bounds;
mod deployment;
mod origin;
mod publication;
mod quota;
mod run;

use std::collections::BTreeSet;

use super::cannot_see;
use super::demand;
use super::standing::{self, Standing};
use super::{classified, conclude_findings, ungoverned_finding};
use crate::act::{ActVerdict, Deed, Move, RefFacts};
use crate::facts::{Account, Fact, Roster};
use crate::predicate::{About, Scene};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{On, Respond, RuleSource};
use crate::verdict::{
    AgentTrace, Conclusion, Effect, Enforcement, EvidenceClass, Finding, Involvement, JudgedAs, RulesInForce,
    quoted,
};

pub use deployment::decide_deployment;
pub use publication::decide_publication;
pub use run::decide_run;

/// Decides about the moves of a branch or tag.
#[must_use]
pub fn decide_ref(facts: &RefFacts, source: &RuleSource) -> ActVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let deeds = match &facts.moves {
        _ if enforcement == Enforcement::Disabled => Vec::new(),
        Fact::Known(moves) => {
            let foreign = moves.iter().filter(|moved| !moved.own);
            foreign.map(|moved| deed(facts, moved, law, source)).collect()
        }
        Fact::Unknown(why) => vec![unseen(facts, why)],
    };
    let conclusions = deeds.iter().map(|deed: &Deed| deed.conclusion);
    ActVerdict {
        repository: facts.repository.clone(),
        about: facts.name.as_str().to_owned(),
        head: facts.tip.clone(),
        conclusion: conclusions.fold(Conclusion::Success, Conclusion::max),
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds,
        tiers: Vec::new(),
    }
}

/// Whether the rules surely recognise the account as a person, whose moves are not judged.
#[must_use]
pub fn is_person(account: &Account, roster: &Roster, source: &RuleSource) -> bool {
    let rules = source.in_force.as_ref();
    rules.is_some_and(|rules| standing::of(account, roster, rules) == Standing::Person)
}

fn deed(facts: &RefFacts, moved: &Move, law: Option<&InForce<'_>>, source: &RuleSource) -> Deed {
    let what = what(facts, moved);
    let doing = Doing {
        id: moved.id.clone(),
        what: what.clone(),
        author: moved.actor.get().ok().cloned(),
        sweeping: moved.forced || moved.is_deletion(),
    };
    let Some(law) = law else {
        // Nothing is known of who is an agent, so nobody's work is touched.
        let findings = vec![ungoverned_finding(source)];
        return finish(doing, JudgedAs::Unknown, Vec::new(), findings, None);
    };
    let actor = match &moved.actor {
        Fact::Known(actor) => actor,
        Fact::Unknown(why) => {
            let findings = vec![cannot_see(format!("who did it: {why}"))];
            return finish(doing, JudgedAs::Unknown, Vec::new(), findings, None);
        }
    };
    let trace = |registered: Option<String>| AgentTrace {
        registered,
        called: actor.login.clone(),
        class: EvidenceClass::Platform,
        seen: what.clone(),
    };
    let agent = match standing::of(actor, &facts.roster, law.rules) {
        Standing::Person => {
            // Nobody's doing by hand: told of whoever pushed it, and never moved away from.
            let findings = allowed::stripped(moved).into_iter().collect();
            return finish(doing, JudgedAs::People, Vec::new(), findings, None);
        }
        Standing::Unknown(why) => {
            let message = format!("whether `{}` is a person: {why}", quoted(&actor.login));
            return finish(doing, JudgedAs::Unknown, Vec::new(), vec![cannot_see(message)], None);
        }
        Standing::Agent(name) => Some(name),
        Standing::Unregistered => None,
    };
    let traces = vec![trace(agent.clone())];
    // The queue's own branches are judged as merge groups.
    if allowed::made_by_the_queue(facts, actor) {
        return finish(doing, JudgedAs::Agents, traces, Vec::new(), None);
    }
    // What the queue lands was judged, each pull request again, before it landed.
    if allowed::landed_by_the_queue(moved, actor) {
        return finish(doing, JudgedAs::Agents, traces, Vec::new(), None);
    }
    let (mut findings, respond) = judge(facts, moved, law, source, agent.as_deref());
    if agent.is_none() {
        findings.extend(super::bounds::unregistered_among(&traces));
    }
    finish(doing, JudgedAs::Agents, traces, findings, respond)
}

/// Bounds, floor and rules: what speaks against it, and what the rules that deny say is to be done.
fn judge(
    facts: &RefFacts,
    moved: &Move,
    law: &InForce<'_>,
    source: &RuleSource,
    agent: Option<&str>,
) -> (Vec<Finding>, Option<Respond>) {
    let mut findings = Vec::new();
    if let Some(agent) = agent.and_then(|name| law.rules.agents.get(name)) {
        findings.extend(bounds::check(facts, moved, law, agent));
    }
    findings.extend(law.unseen.as_ref().map(|why| cannot_see(format!("the repository's own rules: {why}"))));
    let governs = source.path_in(&facts.repository);
    let scene = |paths: &PathSet| Scene {
        repository: &facts.repository,
        about: About::Move(moved, &facts.name),
        files: classified(&moved.change, law.rules, paths, governs),
        agents: agent.map(str::to_owned).into_iter().collect::<BTreeSet<String>>(),
    };
    findings.extend(allowed::stripped(moved));
    findings.extend(allowed::floor(facts, moved, &scene(&law.rules.paths)));
    let (denied, respond) = rule_denials(law, &kinds(facts, moved), scene);
    findings.extend(denied);
    (findings, respond)
}

/// What the rules about one of these deny, and the strictest of what they and the gate's own setting say is to be done.
/// `scene` makes the scene for the patterns of the organisation's rules or of the repository's own.
pub(super) fn rule_denials<'f>(
    law: &InForce<'_>,
    on: &[On],
    scene: impl Fn(&PathSet) -> Scene<'f>,
) -> (Vec<Finding>, Option<Respond>) {
    let organisation = scene(&law.rules.paths);
    let (mut denied, mut respond) = demand::denials(&organisation, &law.rules.rules, on, &law.rules.source);
    if let Some(own) = law.own.as_ref().filter(|own| !own.rules.is_empty()) {
        let (more, answer) = demand::denials(&scene(&own.paths), &own.rules, on, crate::rules::OWN_RULES);
        denied.extend(more);
        respond = respond.max(answer);
    }
    let otherwise =
        law.rules.gate.respond.iter().copied().filter(|respond| on.iter().any(|on| respond.answers(*on)));
    // The strictest wins here as well: a rule that only reports takes nothing from what the gate does anyway.
    (denied, respond.max(otherwise.max()))
}

/// What rules it concerns.
fn kinds(facts: &RefFacts, moved: &Move) -> Vec<On> {
    if facts.name.tag().is_some() {
        return vec![On::Tag];
    }
    let mut on = Vec::new();
    if !moved.is_deletion() {
        on.push(On::Push);
    }
    if moved.is_deletion() || moved.is_creation() {
        on.push(On::Branch);
    }
    on
}

/// What was done, and by whom.
struct Doing {
    id: String,
    what: String,
    author: Option<Account>,
    sweeping: bool,
}

fn finish(
    doing: Doing,
    judged_as: JudgedAs,
    agents: Vec<AgentTrace>,
    mut findings: Vec<Finding>,
    respond: Option<Respond>,
) -> Deed {
    let conclusion = conclude_findings(&mut findings);
    let denied = findings.iter().any(|finding| finding.effect == Effect::Denies);
    let answer = match judged_as {
        JudgedAs::Agents if denied => Some(respond.unwrap_or(Respond::Report)),
        // What could not be seen is told of, and nothing is done about it: it may be a person's.
        _ if conclusion != Conclusion::Success => Some(Respond::Report),
        _ => None,
    };
    let Doing { id, what, author, sweeping } = doing;
    let involvement = Involvement { author, judged_as, agents };
    Deed { id, what, sweeping, conclusion, involvement, findings, respond: answer }
}

fn unseen(facts: &RefFacts, why: &str) -> Deed {
    let mut findings = vec![cannot_see(format!("how it came to stand where it stands: {why}"))];
    let conclusion = conclude_findings(&mut findings);
    let involvement = Involvement { author: None, judged_as: JudgedAs::Unknown, agents: Vec::new() };
    Deed {
        id: facts.tip.as_ref().map_or_else(|| "gone".to_owned(), |tip| tip.as_str().to_owned()),
        what: format!("`{}` moved", quoted(facts.name.as_str())),
        sweeping: false,
        conclusion,
        involvement,
        findings,
        respond: Some(Respond::Report),
    }
}

fn what(facts: &RefFacts, moved: &Move) -> String {
    let name = quoted(facts.name.as_str());
    match (&moved.before, &moved.after) {
        (None, Some(after)) => format!("created `{name}` at {}", after.short()),
        (Some(before), None) => format!("deleted `{name}`, which stood at {}", before.short()),
        (Some(before), Some(after)) if moved.forced => {
            format!("forced `{name}` from {} to {}", before.short(), after.short())
        }
        (Some(before), Some(after)) => {
            format!("pushed `{name}` from {} to {}", before.short(), after.short())
        }
        (None, None) => format!("touched `{name}`"),
    }
}
