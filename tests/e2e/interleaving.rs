//! Agents, people and the gate at once: whatever they do to branches and tags, in whatever order the deliveries come and
//! whichever calls fail, people lose nothing and the gate comes to rest.
//!
//! A script is made up, played against the fake forge's real git, and its record of moves is then compared with what the
//! gate promises. `PROPTEST_CASES` says how many scripts are tried.

mod model;
mod script;

use fake_github::{Fault, VerbError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::Gate;
use crate::refs::{rules, stage};
use crate::stage::WEB;
use model::Model;
use script::{Act, Script, Step, script};

/// As many as are quick; more on demand.
const SCRIPTS: u32 = 16;

/// Commits that people put on a branch or tag stay there, whatever the gate does; and what an agent took away comes
/// back, or is kept where people have gone on since.
#[test]
fn a_person_loses_nothing() {
    for_any_script(|script| async move {
        let (gate, model) = played(script).await;
        model.people_lose_nothing(&gate).await?;
        model.agents_gain_nothing(&gate).await
    });
}

/// The same deliveries again, and another look at everything: nothing is left to do.
#[test]
fn twice_is_once_however_they_interleave() {
    for_any_script(|script| async move {
        let (gate, _) = played(script).await;
        let (text, mark) = (gate.text(), gate.github.calls().len());
        for delivery in gate.github.deliveries() {
            gate.github.redeliver(&delivery.guid);
        }
        gate.running.gate().store.wake_all(gate.now()).await.unwrap();
        gate.settle().await;
        let calls = gate.github.calls_since(mark);
        let writes: Vec<_> = calls.iter().filter(|call| changes(&call.route)).collect();
        prop_assert!(writes.is_empty(), "{writes:#?}");
        prop_assert_eq!(gate.text(), text);
        Ok(())
    });
}

fn for_any_script<F>(hold: impl Fn(Script) -> F)
where
    F: Future<Output = Result<(), TestCaseError>>,
{
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(SCRIPTS);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ran = TestRunner::new(config).run(&script(), |script| runtime.block_on(hold(script)));
    ran.unwrap_or_else(|error| panic!("{error}"));
}

/// Whether a call may change the forge. Reads by GraphQL are named by their operation, writes by a mutation's field.
fn changes(route: &str) -> bool {
    match route.split_once(' ') {
        Some(("graphql", name)) => name.starts_with(char::is_lowercase),
        Some(("GET", _)) | None => false,
        Some((_, path)) => !path.ends_with("/access_tokens"),
    }
}

/// Plays a script to its end, and lets everything arrive that was lost on the way.
async fn played(script: Script) -> (Gate, Model) {
    let rules = rules().replace("respond =", "strikes = 100\nrespond =");
    let mut gate = Gate::on(stage(), &rules).await;
    let first = gate.github.branch(WEB, "main").unwrap();
    let refused = script.steps.iter().any(|step| matches!(step, Step::Fail(_, Fault::Before(422))));
    if script.doubled {
        gate.github.double();
    }
    if let Some(seed) = script.shuffled {
        gate.github.reorder(seed);
    }
    for (at, step) in script.steps.into_iter().enumerate() {
        match step {
            Step::Act(act) => tried(gate.github.play(act.step(at, &first)).await),
            Step::Ambush(act) => gate.github.before("updateRefs", act.step(at, &first)),
            Step::Fail(call, fault) => gate.github.fail(call, fault, 1),
            Step::Deliver(deliveries) => {
                for _ in 0..deliveries {
                    gate.github.deliver_next(&gate.webhook()).await;
                }
            }
            Step::Lose => {
                gate.github.drop_next(1);
                gate.github.deliver_next(&gate.webhook()).await;
                gate.github.drop_next(0);
            }
            Step::Look => {
                gate.running.runner().drain().await.unwrap();
            }
            Step::Wait(time) => gate.pass(time),
            Step::Restart => gate = gate.restart().await,
        }
    }
    let sent = gate.github.deliveries();
    let lost = sent.iter().filter(|one| one.attempts.first().is_some_and(|sent| sent.status.is_none()));
    for delivery in lost {
        gate.github.redeliver(&delivery.guid);
    }
    gate.settle().await;
    let model = Model::of(&gate, &first, refused).await;
    (gate, model)
}

/// What the forge does not let anybody do was not done.
fn tried<T>(outcome: Result<T, VerbError>) {
    match outcome {
        Ok(_) | Err(VerbError::Refused(_) | VerbError::Missing(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

impl Act {
    /// The verb, which makes something of its own at each place of the script.
    fn step(&self, at: usize, first: &str) -> fake_github::Step {
        self.verb(&format!("src/{at}.ts"), first)
    }
}
