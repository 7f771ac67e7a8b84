//! Pushes, branches and tags: what agents did against the rules is put back, kept, and told; what people did stands.

mod landed;

use fake_github::{
    BypassSpec, CreateBranch, DeleteBranch, DeleteTag, Fault, Merge, Push, PushMany, RulesetSpec, Stage,
    Step, Tag,
};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose};

/// Everything that is denied is put back.
pub(crate) fn rules() -> String {
    RULES.replace("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"revert\"]")
}

/// The shared stage, on which the App may write.
pub(crate) fn stage() -> Stage {
    let mut stage = Stage::parse(FORGE).unwrap();
    for name in ["contents", "workflows", "pull_requests"] {
        stage.app.permissions.insert(name.to_owned(), "write".to_owned());
    }
    stage
}

pub(crate) async fn gate() -> Gate {
    Gate::on(stage(), &rules()).await
}

impl Gate {
    fn stands(&self, name: &str) -> Option<String> {
        self.github.object_of(WEB, name).unwrap()
    }

    fn main(&self) -> String {
        self.stands("refs/heads/main").unwrap()
    }

    async fn pushes(&self, who: &str, branch: &str, path: &str) -> String {
        self.github.push(Push::new(who, WEB, branch).file(path, "new\n")).await.unwrap()
    }

    /// What was moved away from and is still reachable.
    fn kept(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains("refs/portcullis/quarantine/"));
        lines.map(|line| line.trim().to_owned()).collect()
    }

    /// The kinds of what was opened about `main`.
    async fn told_of_main(&self) -> Vec<String> {
        self.incidents_of_ref("refs/heads/main").await.into_iter().map(|(kind, _)| kind).collect()
    }

    /// A file at the tip of `main`; `None` when it is not there.
    async fn file(&self, path: &str) -> Option<String> {
        self.github.file(WEB, &self.main(), path).await.unwrap()
    }
}

#[tokio::test]
async fn an_agents_push_to_main_is_put_back_and_kept() {
    let gate = gate().await;
    let before = gate.main();
    let pushed = gate.pushes("Copilot", "main", "src/sly.ts").await;
    let mark = gate.github.calls().len();
    gate.settle().await;
    assert_eq!(gate.main(), before);
    assert_eq!(gate.kept().len(), 1, "{}", gate.text());
    assert!(gate.kept()[0].contains(&pushed[..7]), "{:?}", gate.kept());
    let calls = gate.github.calls_since(mark);
    let graphql = calls.iter().filter(|call| call.route.starts_with("graphql")).count();
    // Where it stands, who the members are, and the move; the second look at the gate's own push needs none.
    assert!(graphql <= 4, "{calls:#?}");

    let moved = gate.github.calls().len();
    gate.settle().await;
    assert_eq!(gate.github.calls().len(), moved, "nothing is left to do");
    assert_eq!(gate.told_of_main().await, ["moved"]);
}

#[tokio::test]
async fn a_persons_push_to_main_stands() {
    let gate = gate().await;
    let pushed = gate.pushes("alice", "main", "src/fine.ts").await;
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept()), (pushed, vec![]));
    assert!(gate.told_of_main().await.is_empty());
}

#[tokio::test]
async fn an_agent_works_on_its_own_branches_undisturbed() {
    let gate = gate().await;
    let first = gate.pushes("Copilot", "copilot/a", "src/a.ts").await;
    gate.settle().await;
    assert_eq!(gate.stands("refs/heads/copilot/a"), Some(first));
    gate.github
        .push(Push::new("Copilot", WEB, "copilot/a").from("main").file("src/b.ts", "b\n").force())
        .await
        .unwrap();
    gate.github.delete_branch(DeleteBranch::new("Copilot", WEB, "copilot/a")).await.unwrap();
    gate.settle().await;
    assert_eq!((gate.stands("refs/heads/copilot/a"), gate.kept()), (None, vec![]));
}

#[tokio::test]
async fn what_an_agent_created_goes_and_what_it_deleted_comes_back() {
    let gate = gate().await;
    gate.github.create_branch(CreateBranch::new("alice", WEB, "topic")).await.unwrap();
    gate.github.tag(Tag::new("alice", WEB, "v1")).await.unwrap();
    gate.settle().await;
    let (topic, tag) = (gate.stands("refs/heads/topic"), gate.stands("refs/tags/v1"));
    assert!(topic.is_some() && tag.is_some());

    gate.pushes("Copilot", "elsewhere", "src/a.ts").await;
    gate.github.delete_branch(DeleteBranch::new("Copilot", WEB, "topic")).await.unwrap();
    gate.github.delete_tag(DeleteTag::new("Copilot", WEB, "v1")).await.unwrap();
    gate.github.tag(Tag::new("Copilot", WEB, "v2")).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.stands("refs/heads/elsewhere"), None);
    assert_eq!(gate.stands("refs/tags/v2"), None);
    assert_eq!((gate.stands("refs/heads/topic"), gate.stands("refs/tags/v1")), (topic, tag));
    assert_eq!(gate.kept().len(), 2, "{}", gate.text());
}

#[tokio::test]
async fn a_tag_that_an_agent_moved_moves_back() {
    let gate = gate().await;
    let at = gate.github.tag(Tag::new("alice", WEB, "v1")).await.unwrap();
    gate.pushes("alice", "main", "src/later.ts").await;
    gate.settle().await;
    gate.github.move_tag(Tag::new("Copilot", WEB, "v1").at("main")).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.stands("refs/tags/v1"), Some(at));
    let moved = gate.github.move_tag(Tag::new("alice", WEB, "v1").at("main")).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.stands("refs/tags/v1"), Some(moved), "people may");
}

#[tokio::test]
async fn a_forced_push_of_an_agent_brings_back_what_it_left_behind() {
    let gate = gate().await;
    gate.pushes("alice", "main", "src/work.ts").await;
    gate.settle().await;
    let before = gate.main();
    let forced = Push::new("Copilot", WEB, "main").from("main").file("src/sly.ts", "x\n").amend().force();
    gate.github.push(forced).await.unwrap();
    assert_ne!(gate.main(), before);
    gate.settle().await;
    assert_eq!(gate.main(), before);
}

#[tokio::test]
async fn a_persons_push_on_top_is_kept_and_the_agents_content_taken_back() {
    let gate = gate().await;
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    let theirs = gate.pushes("alice", "main", "src/fine.ts").await;
    gate.settle().await;
    assert_ne!(gate.main(), theirs, "a commit on top");
    assert_eq!(gate.file("src/sly.ts").await, None);
    assert_eq!(gate.file("src/fine.ts").await.as_deref(), Some("new\n"));
    assert_eq!(gate.kept().len(), 2, "{}", gate.text());
    let tip = gate.main();
    gate.settle().await;
    assert_eq!(gate.main(), tip);
}

#[tokio::test]
async fn what_a_person_worked_on_since_is_left_to_people() {
    let gate = gate().await;
    gate.pushes("Copilot", "main", "src/shared.ts").await;
    let theirs =
        gate.github.push(Push::new("alice", WEB, "main").file("src/shared.ts", "hers\n")).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.main(), theirs);
    assert_eq!(gate.file("src/shared.ts").await.as_deref(), Some("hers\n"));
    assert_eq!(gate.told_of_main().await, ["moved"]);
}

#[tokio::test]
async fn a_person_who_pushes_between_look_and_answer_loses_nothing() {
    let gate = gate().await;
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    let theirs = Push::new("alice", WEB, "main").file("src/fine.ts", "hers\n");
    gate.github.before("updateRefs", Step::Push(Box::new(theirs)));
    gate.settle().await;
    assert_eq!(gate.github.ambushes(), [Ok(())]);
    assert_eq!(gate.file("src/fine.ts").await.as_deref(), Some("hers\n"));
    assert_eq!(gate.file("src/sly.ts").await, None);
}

#[tokio::test]
async fn an_agent_that_pushes_again_during_the_revert_is_put_back_too() {
    let gate = gate().await;
    let before = gate.main();
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    let again = Push::new("Copilot", WEB, "main").file("src/again.ts", "x\n");
    gate.github.before("updateRefs", Step::Push(Box::new(again)));
    gate.settle().await;
    assert_eq!(gate.main(), before);
    assert_eq!(gate.kept().len(), 2, "{}", gate.text());
}

#[tokio::test]
async fn a_branch_that_is_deleted_meanwhile_stays_as_its_last_mover_left_it() {
    let gate = gate().await;
    gate.github.create_branch(CreateBranch::new("alice", WEB, "topic")).await.unwrap();
    gate.settle().await;
    gate.pushes("Copilot", "topic", "src/sly.ts").await;
    gate.github.before("updateRefs", Step::DeleteBranch(DeleteBranch::new("alice", WEB, "topic")));
    gate.settle().await;
    assert_eq!(gate.stands("refs/heads/topic"), None, "a person deleted it");
}

#[tokio::test]
async fn what_an_agent_did_after_a_person_goes_and_what_it_did_before_is_taken_back() {
    let gate = gate().await;
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    let hers = gate.pushes("alice", "main", "src/fine.ts").await;
    let forced = Push::new("Copilot", WEB, "main").from(&hers).file("src/again.ts", "x\n").amend();
    gate.github.push(forced).await.unwrap();
    gate.settle().await;
    for (path, stands) in [("src/sly.ts", false), ("src/again.ts", false), ("src/fine.ts", true)] {
        assert_eq!(gate.file(path).await.is_some(), stands, "{path}");
    }
    let history = gate.github.history(WEB, "main").await.unwrap();
    assert!(history.contains(&hers), "her own commit is there again");
    let tip = gate.main();
    gate.settle().await;
    assert_eq!(gate.main(), tip);
}

#[tokio::test]
async fn what_an_agent_left_behind_is_kept_when_people_have_gone_on() {
    let gate = gate().await;
    gate.github.create_branch(CreateBranch::new("alice", WEB, "topic")).await.unwrap();
    let hers = gate.pushes("alice", "topic", "src/fine.ts").await;
    gate.settle().await;
    gate.github.delete_branch(DeleteBranch::new("Copilot", WEB, "topic")).await.unwrap();
    let anew = gate.pushes("alice", "topic", "src/anew.ts").await;
    gate.settle().await;
    assert_eq!(gate.stands("refs/heads/topic"), Some(anew));
    let refs = gate.github.refs(WEB).unwrap();
    assert!(refs.iter().any(|(name, sha)| name.ends_with("-left") && *sha == hers), "{refs:#?}");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_kept_all_the_same() {
    let gate = gate().await;
    let first = gate.main();
    let hers = gate.pushes("alice", "main", "src/fine.ts").await;
    gate.settle().await;
    let agents = Push::new("Copilot", WEB, "main").from(&first).file("src/sly.ts", "x\n").force();
    gate.github.push(agents).await.unwrap();
    let anew = Push::new("alice", WEB, "main").from(&first).file("src/anew.ts", "hers\n").force();
    let anew = gate.github.push(anew).await.unwrap();
    gate.settle().await;
    assert!(gate.github.history(WEB, "main").await.unwrap().contains(&anew));
    let refs = gate.github.refs(WEB).unwrap();
    assert!(refs.iter().any(|(name, sha)| name.ends_with("-left") && *sha == hers), "{refs:#?}");
}

#[tokio::test]
async fn a_person_on_top_whose_delivery_overtakes_the_agents_hides_nothing() {
    let gate = gate().await;
    gate.pushes("alice", "main", "src/before.ts").await;
    gate.settle().await;
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    let mark = gate.github.pending();
    gate.pushes("alice", "main", "src/fine.ts").await;
    // The agent's comes last.
    gate.github.forget_pending();
    for delivery in gate.github.deliveries().iter().rev().take(1) {
        gate.github.redeliver(&delivery.guid);
    }
    gate.step().await;
    for delivery in mark {
        gate.github.redeliver(&delivery.guid);
    }
    gate.settle().await;
    assert_eq!(gate.file("src/sly.ts").await, None, "{}", gate.text());
    assert!(gate.file("src/fine.ts").await.is_some());
}

#[tokio::test]
async fn a_delivery_that_comes_between_two_others_is_waited_for() {
    let gate = gate().await;
    let before = gate.main();
    for path in ["src/a.ts", "src/b.ts", "src/c.ts"] {
        gate.pushes("Copilot", "main", path).await;
    }
    let sent = gate.github.pending();
    let pushes: Vec<&str> =
        sent.iter().filter(|one| one.event == "push").map(|one| one.guid.as_str()).collect();
    gate.github.forget_pending();
    for guid in [pushes[0], pushes[2]] {
        gate.github.redeliver(guid);
    }
    gate.step().await;
    gate.github.redeliver(pushes[1]);
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept().len()), (before, 3), "{}", gate.text());
}

#[tokio::test]
async fn an_agent_that_pushes_faster_than_looks_end_is_put_back() {
    let gate = gate().await;
    let before = gate.main();
    for turn in 0..12 {
        gate.pushes("Copilot", "main", &format!("src/{turn}.ts")).await;
        // Each look sees what has not been told of yet.
        while gate.github.pending().len() > 1 {
            gate.github.deliver_next(&gate.webhook()).await;
        }
        gate.running.runner().drain().await.unwrap();
        gate.pass(std::time::Duration::from_secs(2));
    }
    gate.settle().await;
    assert_eq!(gate.main(), before, "{}", gate.text());
}

#[tokio::test]
async fn more_pushes_than_one_look_judges_are_all_put_back() {
    let gate = gate().await;
    let before = gate.main();
    let more = 205;
    for turn in 0..more {
        gate.pushes("Copilot", "main", &format!("src/{turn}.ts")).await;
    }
    gate.settle().await;
    assert_eq!(gate.main(), before);
    let calls = gate.github.calls().len();
    gate.settle().await;
    assert_eq!(gate.github.calls().len(), calls);
}

#[tokio::test]
async fn a_conflict_is_tried_again_and_is_no_refusal() {
    let gate = gate().await;
    let before = gate.main();
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    gate.github.fail("updateRefs", Fault::Before(409), 2);
    gate.settle().await;
    assert_eq!((gate.main(), gate.text().contains("Take back")), (before, false));
}

#[tokio::test]
async fn what_a_ruleset_keeps_the_gate_from_is_proposed() {
    let mut stage = stage();
    let ruleset = RulesetSpec {
        id: 71,
        name: "main".to_owned(),
        enforcement: "active".to_owned(),
        branches: vec!["main".to_owned()],
        no_update: true,
        bypass: vec![BypassSpec { login: Some("Copilot".to_owned()), ..BypassSpec::default() }],
        ..RulesetSpec::default()
    };
    stage.repos[0].safeguards.rulesets.push(ruleset);
    let gate = Gate::on(stage, &rules()).await;
    let pushed = gate.pushes("Copilot", "main", "src/sly.ts").await;
    gate.settle().await;
    assert_eq!(gate.main(), pushed, "the gate may not move it");
    let text = gate.text();
    assert!(text.contains("Take back what was pushed against the rules"), "{text}");
    let opened = text.matches("Take back what was pushed against the rules").count();
    gate.settle().await;
    assert_eq!(gate.text().matches("Take back what was pushed against the rules").count(), opened);
    assert_eq!(gate.told_of_main().await, ["moved"]);
}

#[tokio::test]
async fn an_app_that_may_not_write_tells_and_does_nothing() {
    let gate = Gate::start(FORGE, &rules()).await;
    let pushed = gate.pushes("Copilot", "main", "src/sly.ts").await;
    gate.settle().await;
    assert_eq!(gate.main(), pushed);
    assert_eq!(gate.told_of_main().await, ["moved"]);
}

#[tokio::test]
async fn a_limit_puts_the_answer_off_and_not_away() {
    let gate = gate().await;
    let before = gate.main();
    gate.pushes("Copilot", "main", "src/sly.ts").await;
    gate.github.fail("updateRefs", Fault::Secondary { retry_after: 60 }, 1);
    gate.settle().await;
    assert_eq!(gate.main(), before);
}

#[tokio::test]
async fn doubled_and_disordered_deliveries_end_the_same() {
    let gate = gate().await;
    let before = gate.main();
    gate.github.double();
    gate.github.reorder(7);
    gate.pushes("Copilot", "main", "src/a.ts").await;
    gate.pushes("Copilot", "main", "src/b.ts").await;
    gate.pushes("Copilot", "copilot/c", "src/c.ts").await;
    gate.settle().await;
    assert_eq!(gate.main(), before);
    assert!(gate.stands("refs/heads/copilot/c").is_some());
}

#[tokio::test]
async fn without_respond_it_is_told_and_stands() {
    let gate = Gate::on(stage(), RULES).await;
    let pushed = gate.pushes("Copilot", "main", "src/sly.ts").await;
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept()), (pushed, vec![]));
}

#[tokio::test]
async fn an_unregistered_bot_is_put_back_as_well() {
    let mut stage = stage();
    stage.users.push(fake_github::UserSpec {
        login: "tidy-all[bot]".to_owned(),
        id: 4711,
        kind: fake_github::AccountType::Bot,
        ..fake_github::UserSpec::default()
    });
    let gate = Gate::on(stage, &rules()).await;
    let before = gate.main();
    gate.pushes("tidy-all[bot]", "main", "src/tidy.ts").await;
    gate.settle().await;
    assert_eq!(gate.main(), before);
}
