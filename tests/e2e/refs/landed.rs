//! What lands on a branch and by whose hand: merges, names that mislead, and accounts that speak for others.

use super::*;

#[tokio::test]
async fn a_person_merges_what_passed_and_it_stands() {
    let gate = gate().await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.approve("alice", number).await;
    gate.settle().await;
    let merge = Merge { actor: "alice".to_owned(), repo: WEB.to_owned(), pull: number, ..Merge::default() };
    gate.github.merge(merge).await.unwrap();
    let merged = gate.main();
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept()), (merged, vec![]));
}

#[tokio::test]
async fn an_agent_that_may_merge_merges_what_passed_and_nothing_else() {
    for (approved, stands) in [(true, true), (false, false)] {
        let rules =
            rules().replace("may = [\"read\", \"propose\"]", "may = [\"read\", \"propose\", \"merge\"]");
        let gate = Gate::on(stage(), &rules).await;
        let before = gate.main();
        let number = propose(&gate.github, "hello").await;
        gate.settle().await;
        if approved {
            gate.approve("alice", number).await;
            gate.settle().await;
        }
        let merge = Merge {
            actor: "Copilot".to_owned(),
            repo: WEB.to_owned(),
            pull: number,
            bypass: true,
            ..Merge::default()
        };
        gate.github.merge(merge).await.unwrap();
        let merged = gate.main();
        gate.settle().await;
        assert_eq!(gate.main(), if stands { merged } else { before }, "approved: {approved}");
    }
}

#[tokio::test]
async fn a_workflow_on_an_agents_branch_goes_with_its_branch() {
    let rule = "\n[[rules]]\nid = \"workflows\"\non = [\"push\"]\nwhen = { changes = [\"ci\"] }\ndeny = true\nrespond = \"revert\"\nwhy = \"It runs with secrets before anybody reads it.\"\n";
    let gate = Gate::on(stage(), &format!("{RULES}{rule}")).await;
    gate.pushes("Copilot", "copilot/ci", ".github/workflows/sly.yml").await;
    gate.pushes("Copilot", "copilot/fine", "src/fine.ts").await;
    gate.settle().await;
    assert_eq!(gate.stands("refs/heads/copilot/ci"), None);
    assert!(gate.stands("refs/heads/copilot/fine").is_some());
}

#[tokio::test]
async fn two_merges_in_one_look_are_two_merges() {
    let rules = rules().replace("may = [\"read\", \"propose\"]", "may = [\"read\", \"propose\", \"merge\"]");
    let gate = Gate::on(stage(), &rules).await;
    for name in ["one", "two"] {
        let number = propose(&gate.github, name).await;
        gate.settle().await;
        gate.approve("alice", number).await;
        gate.settle().await;
    }
    for number in [1, 2] {
        gate.github.merge(Merge::new("Copilot", WEB, number).bypass()).await.unwrap();
    }
    let merged = gate.main();
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept()), (merged, vec![]));
}

#[tokio::test]
async fn a_merge_made_on_another_branch_is_no_ticket_to_main() {
    let rules = rules().replace("may = [\"read\", \"propose\"]", "may = [\"read\", \"propose\", \"merge\"]");
    let gate = Gate::on(stage(), &rules).await;
    let before = gate.main();
    gate.pushes("Copilot", "copilot/base", "src/sly.ts").await;
    gate.github
        .push(Push::new("Copilot", WEB, "copilot/fine").from("copilot/base").file("src/fine.ts", "x\n"))
        .await
        .unwrap();
    let open = fake_github::Open::new("Copilot", WEB, "copilot/fine").base("copilot/base");
    let number = gate.github.open(open).await.unwrap();
    gate.settle().await;
    gate.approve("alice", number).await;
    gate.settle().await;
    let merge = gate.github.merge(Merge::new("Copilot", WEB, number).bypass()).await.unwrap();
    gate.settle().await;
    let refs = std::collections::BTreeMap::from([("refs/heads/main".to_owned(), merge)]);
    let push =
        fake_github::PushMany { actor: "Copilot".to_owned(), repo: WEB.to_owned(), refs, force: false };
    gate.github.push_many(push).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.main(), before);
}

#[tokio::test]
async fn a_tag_that_was_lost_in_a_race_once_is_put_back_the_next_time() {
    let gate = gate().await;
    let first = gate.main();
    let second = gate.pushes("alice", "main", "src/later.ts").await;
    gate.settle().await;
    gate.github.tag(Tag::new("Copilot", WEB, "v1").at(&first)).await.unwrap();
    gate.github.before("updateRefs", Step::MoveTag(Tag::new("Copilot", WEB, "v1").at(&second)));
    gate.settle().await;
    assert_eq!(gate.stands("refs/tags/v1"), None);
    gate.github.tag(Tag::new("Copilot", WEB, "v1").at(&first)).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.stands("refs/tags/v1"), None);
}

#[tokio::test]
async fn what_was_closed_has_not_passed() {
    let rules = rules().replace("may = [\"read\", \"propose\"]", "may = [\"read\", \"propose\", \"merge\"]");
    for approved in [false, true] {
        let gate = Gate::on(stage(), &rules).await;
        let before = gate.main();
        let number = propose(&gate.github, "hello").await;
        gate.settle().await;
        if approved {
            gate.approve("alice", number).await;
            gate.settle().await;
        }
        gate.close(number).await;
        gate.settle().await;
        gate.reopen(number).await;
        if approved {
            gate.settle().await;
        }
        // Otherwise at once, before anybody has looked at it again.
        let merged = gate.github.merge(Merge::new("Copilot", WEB, number).bypass()).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.main(), if approved { merged } else { before }, "approved: {approved}");
        let incidents = gate.incidents_of_merge(number).await;
        let kinds: Vec<&str> = incidents.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, if approved { vec![] } else { vec!["merged-past-the-gate"] });
    }
}

#[tokio::test]
async fn an_agents_push_in_a_persons_name_is_put_back() {
    let gate = gate().await;
    let before = gate.main();
    let alice = "alice <1001+alice@users.noreply.github.example>";
    let sly = Push::new("Copilot", WEB, "main").file("src/sly.ts", "x\n").author(alice).committer(alice);
    gate.github.push(sly).await.unwrap();
    gate.settle().await;
    assert_eq!((gate.main(), gate.kept().len()), (before, 1), "{}", gate.text());

    // Nor does the agent's name make a person's push the agent's.
    let copilot = "Copilot <198982749+Copilot@users.noreply.github.example>";
    let fine = Push::new("alice", WEB, "main").file("src/fine.ts", "x\n").author(copilot).committer(copilot);
    let pushed = gate.github.push(fine).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.main(), pushed);
}

#[tokio::test]
async fn the_workflows_own_account_pushes_only_where_it_is_registered() {
    let own = "\n[agents.actions]\nrecognise = [{ user_id = 41898282 }]\nowner = \"@acme/platform\"\npurpose = \"releases\"\nrepos = [\"acme/web\"]\nbranches = [\"main\"]\nmay = [\"push\"]\n";
    for registered in [false, true] {
        let mut stage = stage();
        stage.users.push(fake_github::UserSpec {
            login: "github-actions[bot]".to_owned(),
            id: 41_898_282,
            kind: fake_github::AccountType::Bot,
            ..fake_github::UserSpec::default()
        });
        let rules = if registered { format!("{}{own}", rules()) } else { rules() };
        let gate = Gate::on(stage, &rules).await;
        let before = gate.main();
        let pushed = gate.pushes("github-actions[bot]", "main", "src/built.ts").await;
        gate.pushes("github-actions[bot]", "release/1", "src/built.ts").await;
        gate.settle().await;
        assert_eq!(gate.main(), if registered { pushed } else { before }, "registered: {registered}");
        assert_eq!(gate.stands("refs/heads/release/1"), None, "registered: {registered}");
    }
}

#[tokio::test]
async fn a_name_that_reads_like_another_is_taken_away() {
    let gate =
        Gate::on(stage(), &rules().replace("branches = [\"copilot/**\"]", "branches = [\"**\"]")).await;
    let before = gate.main();
    let hex = format!("refs/heads/{}", "0123456789".repeat(4));
    for name in ["refs/heads/refs/heads/main", "refs/heads/Main", &hex] {
        gate.github.push_many(PushMany::new("Copilot", WEB).to(name, "main")).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.stands(name), None, "{name}");
        assert_eq!(gate.incidents_of_ref(name).await.len(), 1, "{name}");
        assert_eq!(gate.main(), before, "{name}");
    }
    for (who, name) in [("Copilot", "refs/heads/copilot/main-fix"), ("alice", "refs/heads/MAIN")] {
        gate.github.push_many(PushMany::new(who, WEB).to(name, "main")).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.stands(name), Some(before.clone()), "{name}");
    }
}
