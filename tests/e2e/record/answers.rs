//! What the gate does about what has happened: each of its mutations is sent once at least.

use fake_github::{Comment, Enqueue, Merge, OnPull, Stage, Step};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose, push};

/// Everything that is denied is put back, and what was merged past the gate is proposed to be taken back.
pub(super) async fn all() -> Gate {
    let mut stage = Stage::parse(FORGE).unwrap();
    for name in ["contents", "workflows", "pull_requests", "issues"] {
        stage.app.permissions.insert(name.to_owned(), "write".to_owned());
    }
    let settings =
        "enforcement = \"active\"\nrespond = [\"revert\"]\nmerged = \"propose_revert\"\nstrikes = 100";
    let gate = Gate::on(stage, &RULES.replace("enforcement = \"active\"", settings)).await;
    gate.github.record();

    push(&gate.github, "Copilot", "main", "sly").await;
    gate.settle().await;
    push(&gate.github, "Copilot", "main", "below").await;
    push(&gate.github, "alice", "main", "above").await;
    gate.settle().await;

    let number = propose(&gate.github, "one").await;
    gate.github.play(Step::EnableAutoMerge(OnPull::new("Copilot", WEB, number))).await.unwrap();
    gate.settle().await;
    let head = gate.github.pull_head(WEB, number).unwrap();
    let said = Comment {
        actor: "alice".to_owned(),
        repo: WEB.to_owned(),
        pull: number,
        body: format!("/portcullis approve {head}"),
        ..Comment::default()
    };
    gate.github.comment(said).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
    gate.github.enqueue(Enqueue::new("alice", WEB, &[number])).await.unwrap();
    gate.settle().await;

    let past = propose(&gate.github, "two").await;
    gate.settle().await;
    gate.github.merge(Merge::new("alice", WEB, past).bypass()).await.unwrap();
    gate.settle().await;
    gate.resyncs().await;
    gate
}
