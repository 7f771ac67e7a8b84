//! Scripts: who does what to which branch or tag, and what becomes of the deliveries and calls meanwhile.

use std::time::Duration;

use fake_github::{CreateBranch, DeleteBranch, DeleteTag, Fault, Push, Tag};
use proptest::prelude::*;

use crate::stage::WEB;

/// A story to play.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Every delivery comes twice.
    pub(super) doubled: bool,
    /// Deliveries overtake each other.
    pub(super) shuffled: Option<u64>,
    pub(super) steps: Vec<Step>,
}

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Act(Act),
    /// Somebody is faster than the gate's next move.
    Ambush(Act),
    /// The next call of this route fails.
    Fail(&'static str, Fault),
    /// So many deliveries arrive.
    Deliver(usize),
    /// A delivery is lost; it comes again at the end.
    Lose,
    /// The gate looks at what is due.
    Look,
    Wait(Duration),
    Restart,
}

/// Somebody does something to a branch or tag.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) who: &'static str,
    /// The full name.
    pub(super) on: &'static str,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Create,
    /// A commit on top; a tag moves to where `main` stands.
    Push,
    /// Everything but the first commit is left behind.
    Force,
    Delete,
}

/// Branches of which an agent may have one, and a tag.
pub(super) const NAMES: [&str; 4] =
    ["refs/heads/main", "refs/heads/topic", "refs/heads/copilot/a", "refs/tags/v1"];

/// Where an agent may do as it likes.
pub(super) const ITS_OWN: &str = "refs/heads/copilot/a";

impl Act {
    pub(super) fn verb(&self, path: &str, first: &str) -> fake_github::Step {
        let Self { who, on, what } = self;
        let Some(branch) = on.strip_prefix("refs/heads/") else { return self.on_tag(first) };
        let push = Push::new(who, WEB, branch).file(path, "new\n");
        match what {
            What::Create => fake_github::Step::CreateBranch(CreateBranch::new(who, WEB, branch)),
            What::Push => fake_github::Step::Push(Box::new(push)),
            What::Force => fake_github::Step::Push(Box::new(push.from(first).force())),
            What::Delete => fake_github::Step::DeleteBranch(DeleteBranch::new(who, WEB, branch)),
        }
    }

    fn on_tag(&self, first: &str) -> fake_github::Step {
        let (who, tag) = (self.who, self.on.trim_start_matches("refs/tags/"));
        match self.what {
            What::Create => fake_github::Step::Tag(Tag::new(who, WEB, tag)),
            What::Push => fake_github::Step::MoveTag(Tag::new(who, WEB, tag)),
            What::Force => fake_github::Step::MoveTag(Tag::new(who, WEB, tag).at(first)),
            What::Delete => fake_github::Step::DeleteTag(DeleteTag::new(who, WEB, tag)),
        }
    }
}

/// Any script.
pub(super) fn script() -> impl Strategy<Value = Script> {
    let steps = proptest::collection::vec(step(), 4..24);
    (any::<bool>(), proptest::option::of(any::<u64>()), steps).prop_map(|(doubled, shuffled, steps)| Script {
        doubled,
        shuffled,
        steps,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => act().prop_map(Step::Act),
        2 => act().prop_map(Step::Ambush),
        2 => failure(),
        5 => (1..4_usize).prop_map(Step::Deliver),
        1 => Just(Step::Lose),
        4 => Just(Step::Look),
        // Not for long altogether: what is not told for a quarter of a minute is not waited for.
        2 => Just(Step::Wait(Duration::from_millis(500))),
        1 => Just(Step::Restart),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let who = prop_oneof![3 => Just("Copilot"), 2 => Just("alice"), 1 => Just("bob")];
    let on = prop_oneof![
        4 => Just(NAMES[0]),
        3 => Just(NAMES[1]),
        1 => Just(NAMES[2]),
        2 => Just(NAMES[3]),
    ];
    let what = prop_oneof![
        2 => Just(What::Create),
        5 => Just(What::Push),
        2 => Just(What::Force),
        1 => Just(What::Delete),
    ];
    (who, on, what).prop_map(|(who, on, what)| Act { who, on, what })
}

fn failure() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        4 => Just("updateRefs"),
        2 => Just("createCommitOnBranch"),
        1 => Just("graphql Reference"),
        1 => Just("git"),
    ];
    let fault = prop_oneof![
        Just(Fault::Before(409)),
        Just(Fault::Before(422)),
        Just(Fault::Before(502)),
        Just(Fault::Secondary { retry_after: 60 }),
        // Done, and nobody heard of it.
        Just(Fault::After(502)),
        Just(Fault::Drop),
    ];
    (call, fault).prop_map(|(call, fault)| Step::Fail(call, fault))
}
