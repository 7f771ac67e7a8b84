//! A head that cannot be looked at for long is told so on the forge, and blocked.
//!
//! Without this an earlier `success` on the same head would stand for as long as the forge cannot be read, and nobody
//! would learn why a new head shows nothing.

use policy::facts::{Branch, Effects, Pull, PullState, Repository, Roster};
use policy::{Action, Fact, Facts, Millis, PullSubject, Sha, Subject, decide::decide, plan};

use super::pull::record_of;
use super::{Gate, ReconcileError, group, own, written};
use crate::lease::Lease;
use crate::report;
use crate::store::{ActionOutcome, ActionState};

/// So many failed looks in a row are not a hiccup any more: about half a minute.
const AFTER: u32 = 5;

/// Shows on the newest head that deliveries told of that it could not be looked at, once. `why` must not change from
/// look to look: it is part of what is shown.
pub(super) async fn tell(gate: &Gate, lease: &Lease, why: &str) -> Result<(), ReconcileError> {
    if let Subject::Group(group) = lease.subject()
        && lease.attempts() >= AFTER
    {
        return group::tell(gate, lease, group, why).await;
    }
    let Some(head) = lease.floor().head.clone().filter(|_| lease.attempts() >= AFTER) else { return Ok(()) };
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let Subject::Pull(pull) = lease.subject() else { return Ok(()) };
    let own_rules = own::remembered(gate, pull.repo_id).await;
    let facts = Facts { own_rules, ..unseen(pull, head, why, now) };
    let verdict = decide(&facts, &rules);
    let actions = plan(&verdict, &Effects::default());
    let record = record_of(&verdict, &facts, &rules, now)?;
    let intended = gate.store.intend(lease, record, written(&actions)?).await?;
    let told = gate.store.actions(&intended.verdict).await?;
    if told.iter().any(|action| action.state == ActionState::Done) {
        return Ok(());
    }
    let output = report::check_output(&verdict);
    for (action, id) in actions.iter().zip(intended.actions) {
        let Action::ShowCheck(show) = action else { continue };
        let outcome = match gate.github.show_check(lease, show, &output).await {
            Ok(applied) => ActionOutcome::Done { note: format!("{applied:?}") },
            Err(error) => ActionOutcome::Failed { error: error.to_string() },
        };
        gate.store.settle(&id, outcome, gate.clock.now()).await?;
    }
    Ok(())
}

/// Facts of which nothing is known.
fn unseen(pull: &PullSubject, head: Sha, why: &str, now: Millis) -> Facts {
    Facts {
        now,
        repository: Repository { id: pull.repo_id, name: pull.repo.clone() },
        pull: Pull {
            number: pull.number,
            node: String::new(),
            title: String::new(),
            body: String::new(),
            state: PullState::Open,
            draft: false,
            updated_at: Millis(0),
            author: Fact::unknown(why),
            base: Branch { name: String::new(), sha: head.clone() },
            head: Branch { name: String::new(), sha: head },
            head_repository: None,
            labels: Fact::unknown(why),
            auto_merge: None,
            commits: Fact::unknown(why),
            reviews: Fact::unknown(why),
            comments: Fact::unknown(why),
            assignments: Fact::unknown(why),
            carried: Vec::new(),
            lineage: Fact::unknown(why),
            hidden: Fact::unknown(why),
            head_since: None,
            opened_at: None,
            tally: None,
            pushers: Fact::unknown(why),
            change: Fact::unknown(why),
            proposed_rules: Vec::new(),
        },
        siblings: Fact::unknown(why),
        roster: Roster::default(),
        own_rules: Fact::unknown(why),
    }
}
