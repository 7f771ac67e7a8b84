//! Whatever the order of deliver, claim, crash, finish and retry: nothing is lost, nothing is held twice.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Deliver {
        number: u64,
        redeliver: bool,
    },
    Claim {
        at_most: u32,
    },
    /// Forgets a lease without a word and lets time pass its end.
    Crash {
        pick: usize,
    },
    Finish {
        pick: usize,
    },
    Later {
        pick: usize,
    },
    Retry {
        pick: usize,
    },
    Release {
        pick: usize,
    },
    Wait {
        seconds: i64,
    },
    /// A holder that was taken for dead comes back.
    Ghost {
        pick: usize,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let pick = 0..8_usize;
    prop_oneof![
        4 => (1..4_u64, any::<bool>()).prop_map(|(number, redeliver)| Step::Deliver { number, redeliver }),
        4 => (1..4_u32).prop_map(|at_most| Step::Claim { at_most }),
        1 => pick.clone().prop_map(|pick| Step::Crash { pick }),
        3 => pick.clone().prop_map(|pick| Step::Finish { pick }),
        1 => pick.clone().prop_map(|pick| Step::Later { pick }),
        2 => pick.clone().prop_map(|pick| Step::Retry { pick }),
        1 => pick.clone().prop_map(|pick| Step::Release { pick }),
        1 => (0..90_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => pick.prop_map(|pick| Step::Ghost { pick }),
        1 => Just(Step::Restart),
    ]
}

/// What must be true, kept beside the store.
struct Play {
    stage: Stage,
    now: i64,
    held: Vec<(Lease, i64)>,
    ghosts: Vec<Lease>,
    accepted: Vec<(Guid, u64)>,
}

impl Play {
    fn take(&mut self, pick: usize) -> Option<(Lease, i64)> {
        if self.held.is_empty() {
            return None;
        }
        let place = pick % self.held.len();
        Some(self.held.remove(place))
    }

    async fn claim(&mut self, at_most: u32) {
        let until = self.now + i64::try_from(LEASE.as_secs()).unwrap();
        let (lapsed, live): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(_, until)| *until <= self.now);
        self.ghosts.extend(lapsed.into_iter().map(|(lease, _)| lease));
        self.held = live;
        let live: BTreeSet<_> = self.held.iter().map(|(lease, _)| lease.subject().key()).collect();
        for lease in self.stage.store.claim(at(self.now), LEASE, at_most).await.unwrap() {
            assert!(!live.contains(&lease.subject().key()), "two live leases on {}", lease.subject());
            self.held.push((lease, until));
        }
    }

    async fn end(&mut self, pick: usize, next: Next) {
        let Some((lease, until)) = self.take(pick) else { return };
        let ended = self.stage.store.finish(&lease, next, at(self.now)).await;
        if self.now < until {
            assert_eq!(ended, Ok(()), "a live lease holds");
        }
    }

    async fn play(&mut self, step: Step) {
        match step {
            Step::Deliver { number, redeliver } => {
                let known = self.accepted.iter().rev().find(|(_, of)| *of == number).filter(|_| redeliver);
                let guid = known.map_or_else(fresh_guid, |(guid, _)| guid.clone());
                let fresh = known.is_none();
                self.stage.store.accept(delivery(guid.clone(), pull(number), at(self.now))).await.unwrap();
                if fresh {
                    self.accepted.push((guid, number));
                }
            }
            Step::Claim { at_most } => self.claim(at_most).await,
            Step::Crash { pick } => {
                if let Some((lease, until)) = self.take(pick) {
                    self.ghosts.push(lease);
                    self.now = self.now.max(until);
                }
            }
            Step::Finish { pick } => self.end(pick, Next::Done).await,
            Step::Later { pick } => self.end(pick, Next::At(at(self.now + 30))).await,
            Step::Retry { pick } => {
                let next = Next::Retry { at: at(self.now + 5), error: "later".to_owned() };
                self.end(pick, next).await;
            }
            Step::Release { pick } => {
                if let Some((lease, _)) = self.take(pick) {
                    let _ = self.stage.store.release(&lease, at(self.now)).await;
                }
            }
            Step::Wait { seconds } => self.now += seconds,
            Step::Ghost { pick } => self.ghost(pick).await,
            Step::Restart => {
                self.stage.store = Store::open(&self.stage.url, StoreOptions::default()).await.unwrap();
            }
        }
    }

    /// A ghost whose subject is in other hands must be refused.
    async fn ghost(&mut self, pick: usize) {
        if self.ghosts.is_empty() {
            return;
        }
        let ghost = self.ghosts.remove(pick % self.ghosts.len());
        let taken = self.held.iter().any(|(lease, _)| lease.subject() == ghost.subject());
        let answer = self.stage.store.finish(&ghost, Next::Done, at(self.now)).await;
        if taken {
            assert_eq!(answer, Err(StoreError::LeaseLost));
        }
    }

    /// Everybody finishes what is due until nothing is: every delivery must have been looked at since.
    async fn drain(&mut self) {
        for _ in 0..50 {
            self.now += 100;
            self.held.clear();
            self.claim(100).await;
            while !self.held.is_empty() {
                self.end(0, Next::Done).await;
            }
        }
        assert_eq!(self.stage.store.next_due().await.unwrap(), None);
        for (guid, _) in &self.accepted {
            assert_eq!(self.stage.state(guid).await, DeliveryState::Processed, "{guid} is lost");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_held_twice(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = stage().await;
            let mut play = Play {
                stage,
                now: 0,
                held: Vec::new(),
                ghosts: Vec::new(),
                accepted: Vec::new(),
            };
            for step in steps {
                play.play(step).await;
            }
            play.drain().await;
        });
    }
}
