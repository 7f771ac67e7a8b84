//! Branches and tags that come, move and go, and what is told of them.

use fake_github::{
    CreateBranch, DeleteBranch, DeleteTag, FakeGithub, Many, Push, PushMany, Signature, Stage, Tag,
};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE};

/// The sample, with an App that may write and hears of refs that come and go.
pub(crate) async fn writable() -> FakeGithub {
    let mut stage = Stage::parse(SAMPLE).unwrap();
    stage.app.events.extend(["create".to_owned(), "delete".to_owned()]);
    for permission in ["contents", "workflows", "pull_requests"] {
        stage.app.permissions.insert(permission.to_owned(), "write".to_owned());
    }
    let github = FakeGithub::start(stage).await.unwrap();
    github.forget_pending();
    github
}

/// What waits to be delivered: event, and the payload.
pub(crate) fn told(github: &FakeGithub) -> Vec<(String, Value)> {
    let read = |body: &[u8]| serde_json::from_slice(body).unwrap();
    let told = github.pending().into_iter().map(|one| (one.event, read(&one.body))).collect();
    github.forget_pending();
    told
}

fn events(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(event, _)| event.as_str()).collect()
}

/// What git itself says of a ref.
fn on_disk(folder: &std::path::Path, name: &str) -> Option<String> {
    std::fs::read_to_string(folder.join("acme/web.git").join(name)).ok().map(|sha| sha.trim().to_owned())
}

#[tokio::test]
async fn branches_come_and_go_with_their_deliveries_and_activities() {
    let github = writable().await;
    let main = github.branch("acme/web", "main").unwrap();
    github.create_branch(CreateBranch::new("bob", "acme/web", "release/1")).await.unwrap();
    let made = told(&github);
    assert_eq!(events(&made), ["create", "push"]);
    assert_eq!((&made[0].1["ref"], &made[0].1["ref_type"]), (&json!("release/1"), &json!("branch")));
    assert_eq!((&made[1].1["created"], &made[1].1["base_ref"]), (&json!(true), &json!("refs/heads/main")));
    let again = CreateBranch::new("bob", "acme/web", "release/1");
    assert!(github.create_branch(again).await.unwrap_err().to_string().contains("already"));
    let inside = CreateBranch::new("bob", "acme/web", "release");
    assert!(github.create_branch(inside).await.unwrap_err().to_string().contains("in the way"));
    github.delete_branch(DeleteBranch::new("bob", "acme/web", "release/1")).await.unwrap();
    let gone = told(&github);
    assert_eq!(events(&gone), ["delete", "push"]);
    let push = &gone[1].1;
    assert_eq!(
        (&push["deleted"], &push["before"], &push["head_commit"]),
        (&json!(true), &json!(main), &json!(null))
    );
    assert_eq!(push["after"], "0".repeat(40));
    assert_eq!(github.branch("acme/web", "release/1"), None);
    let client = Client::of(&github).await;
    let (_, listed) = client.get("/repos/acme/web/activity?ref=release/1").await;
    let kinds: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["activity_type"].clone()).collect();
    assert_eq!(kinds, ["branch_deletion", "branch_creation"]);
    let narrowed = "/repos/acme/web/activity?activity_type=branch_deletion&actor=bob&time_period=day";
    assert_eq!(client.get(narrowed).await.1.as_array().unwrap().len(), 1);
    let nobody = "/repos/acme/web/activity?activity_type=branch_deletion&actor=alice";
    assert_eq!(client.get(nobody).await.1, json!([]));
    assert_eq!(client.get("/repos/acme/web/activity?time_period=era").await.0, 422);
}

#[tokio::test]
async fn a_pull_request_that_loses_its_branch_is_closed() {
    let github = writable().await;
    github.delete_branch(DeleteBranch::new("bob", "acme/web", "copilot/fix-1")).await.unwrap();
    let gone = told(&github);
    assert_eq!(events(&gone), ["delete", "push", "pull_request"]);
    assert_eq!(
        (&gone[2].1["action"], &gone[2].1["pull_request"]["merged"]),
        (&json!("closed"), &json!(false))
    );
    let default = DeleteBranch::new("bob", "acme/web", "main");
    assert!(github.delete_branch(default).await.unwrap_err().to_string().contains("default branch"));
}

#[tokio::test]
async fn tags_are_made_moved_and_deleted_in_git_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::parse(SAMPLE).unwrap();
    stage.app.events.extend(["create".to_owned(), "delete".to_owned()]);
    let place = Some(folder.path().to_owned());
    let github = FakeGithub::start_at(stage, "127.0.0.1:0", place).await.unwrap();
    github.forget_pending();
    let main = github.branch("acme/web", "main").unwrap();
    github.tag(Tag::new("alice", "acme/web", "v1")).await.unwrap();
    let object = github.tag(Tag::new("alice", "acme/web", "v2").message("Two")).await.unwrap();
    assert_ne!(object, main, "an annotated tag is an object of its own");
    assert_eq!(on_disk(folder.path(), "refs/tags/v1").as_deref(), Some(main.as_str()));
    assert_eq!(on_disk(folder.path(), "refs/tags/v2").as_deref(), Some(object.as_str()));
    let made = told(&github);
    assert_eq!(events(&made), ["create", "push", "create", "push"]);
    assert_eq!((&made[3].1["ref"], &made[3].1["after"]), (&json!("refs/tags/v2"), &json!(object)));
    assert_eq!(made[3].1["head_commit"]["id"], json!(main));
    let moved = Tag::new("Copilot", "acme/web", "v1").at("copilot/fix-1");
    assert!(github.tag(moved.clone()).await.unwrap_err().to_string().contains("already"));
    github.move_tag(moved).await.unwrap();
    let moved = told(&github);
    assert_eq!((events(&moved), &moved[0].1["before"]), (vec!["push"], &json!(main)));
    assert!(github.text().contains(&format!("  tag v2: {main:.7} (Two)\n")), "{}", github.text());
    github.delete_tag(DeleteTag::new("alice", "acme/web", "v1")).await.unwrap();
    assert_eq!(events(&told(&github)), ["delete", "push"]);
    assert_eq!(on_disk(folder.path(), "refs/tags/v1"), None);
}

#[tokio::test]
async fn of_more_than_three_tags_at_once_nothing_is_told() {
    let github = writable().await;
    let tags = |from: usize, to: usize, target: &str| {
        (from..to).fold(PushMany::new("Copilot", "acme/web"), |push, number| {
            push.to(&format!("refs/tags/t{number}"), target)
        })
    };
    github.push_many(tags(0, 3, "main")).await.unwrap();
    assert_eq!(events(&told(&github)), ["create", "push", "create", "push", "create", "push"]);
    let many = tags(3, 7, "main").to("refs/heads/side", "main").to("refs/portcullis/x/1", "main");
    github.push_many(many).await.unwrap();
    assert_eq!(events(&told(&github)), ["create", "push"], "the branch alone is told of");
    let main = github.branch("acme/web", "main");
    assert_eq!(github.object_of("acme/web", "refs/tags/t6").unwrap(), main);
    assert_eq!(github.object_of("acme/web", "refs/portcullis/x/1").unwrap(), main);
    assert!(github.text().contains("  refs/portcullis/x/1: "));
    let moves = tags(0, 4, "copilot/fix-1");
    assert!(github.push_many(moves.clone()).await.unwrap_err().to_string().contains("force"));
    github.push_many(moves.force()).await.unwrap();
    assert_eq!(events(&told(&github)), Vec::<&str>::new());
    let gone = (0..7).fold(PushMany::new("Copilot", "acme/web"), |push, number| {
        push.delete(&format!("refs/tags/t{number}"))
    });
    github.push_many(gone).await.unwrap();
    assert_eq!(events(&told(&github)), Vec::<&str>::new());
    let all_or_none =
        PushMany::new("bob", "acme/web").to("refs/heads/a", "main").to("refs/heads/b", "nowhere");
    github.push_many(all_or_none).await.unwrap_err();
    assert_eq!(github.branch("acme/web", "a"), None);
}

#[tokio::test]
async fn an_unsigned_twin_differs_in_nothing_but_its_id() {
    let github = writable().await;
    let signed = Push::new("bob", "acme/web", "main").file("a", "b").signed(Signature::by("bob"));
    let first = github.push(signed.message("Add a").date(1_700_000_000)).await.unwrap();
    github.create_branch(CreateBranch::new("bob", "acme/web", "twin").from(&first)).await.unwrap();
    let twin = github.push(Push::new("Copilot", "acme/web", "twin").amend()).await.unwrap();
    assert_ne!(first, twin);
    let client = Client::of(&github).await;
    let query = "query Q($one: GitObjectID!, $two: GitObjectID!) { repository(owner: \"acme\", name: \"web\") { \
                 one: object(oid: $one) { ...C } two: object(oid: $two) { ...C } } } fragment C on Commit { \
                 message committedDate tree { oid } parents(first: 2) { nodes { oid } } author { name email } \
                 committer { name email } signature { isValid } }";
    let answer = client.graphql(query, json!({ "one": first, "two": twin })).await;
    let (mut one, mut two) =
        (answer["data"]["repository"]["one"].clone(), answer["data"]["repository"]["two"].clone());
    assert_eq!(one["signature"], json!({ "isValid": true }));
    assert_eq!(two["signature"], Value::Null);
    assert_eq!(one["committedDate"], "2023-11-14T22:13:20Z");
    one["signature"].take();
    two["signature"].take();
    assert_eq!(one, two);
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn of_more_than_five_thousand_branches_at_once_no_push_is_told() {
    let github = FakeGithub::start(Stage::parse(SAMPLE).unwrap()).await.unwrap();
    github.forget_pending();
    let branches = |count: usize, target: &str| {
        (0..count).fold(PushMany::new("Copilot", "acme/web").force(), |push, number| {
            push.to(&format!("refs/heads/many/{number}"), target)
        })
    };
    github.push_many(branches(5001, "main")).await.unwrap();
    assert_eq!(github.pending().len(), 0, "the App is not subscribed to `create`");
    assert_eq!(github.branch("acme/web", "many/5000"), github.branch("acme/web", "main"));
    github.push_many(branches(2, "copilot/fix-1")).await.unwrap();
    assert_eq!(events(&told(&github)), ["push", "push"]);
}

#[tokio::test]
async fn a_comparison_tells_of_250_commits_and_300_files() {
    let github = writable().await;
    let many = Many { path: "many/{}.txt".to_owned(), count: 310, content: "x\n".to_owned() };
    let mut push = Push::new("bob", "acme/web", "long").repeat(260);
    push.many = Some(many);
    let tip = github.push(push).await.unwrap();
    let client = Client::of(&github).await;
    let (_, compared) = client.get("/repos/acme/web/compare/main...long").await;
    let length = |key: &str| compared[key].as_array().unwrap().len();
    assert_eq!((&compared["ahead_by"], length("commits"), length("files")), (&json!(260), 250, 300));
    assert_eq!(compared["commits"][249]["sha"], json!(tip));
    let (_, back) = client.get("/repos/acme/web/compare/long...copilot/fix-1").await;
    assert_eq!(
        (&back["status"], &back["ahead_by"], &back["behind_by"]),
        (&json!("diverged"), &json!(1), &json!(260))
    );
    assert_eq!(back["merge_base_commit"]["sha"], json!(github.branch("acme/web", "main")));
}
