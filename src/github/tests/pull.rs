//! Pull requests: read whole in as few calls as can be, or called unknown.

use policy::facts::{AccountKind, Lines, Pull, PullState, ReviewState};
use policy::{Fact, Floor, PullSubject, RepoId, RepoName, Sha, Subject, UserId, Wanted};
use serde_json::{Value, json};

use super::forge::{Asked, Forge, INSTALLATION, Reply, START, look};
use crate::github::ForgeError;
use crate::github::pulls::{PullRead, Which};

fn sha(n: usize) -> String {
    format!("{n:040x}")
}

fn commit(n: usize) -> Value {
    let ada = json!({"name": "Ada", "email": "ada@acme.example", "user": {"databaseId": 11, "login": "ada"}});
    json!({"commit": {
        "oid": sha(n), "author": ada, "authors": {"totalCount": 1, "nodes": [ada]},
        "committer": {"name": "GitHub", "email": "noreply@forge.example", "user": null},
        "signature": {"isValid": true, "state": "VALID", "wasSignedByGitHub": true, "signer": null},
    }})
}

fn review(n: usize) -> Value {
    json!({
        "fullDatabaseId": (3_000_000_000 + n).to_string(), "state": "APPROVED", "submittedAt": null,
        "commit": {"oid": sha(1)}, "authorCanPushToRepository": true,
        "author": {"__typename": "User", "login": "eve", "databaseId": 100 + n},
    })
}

/// The members `from..to` of `total`, numbered from 1, as a connection.
fn window(total: usize, from: usize, to: usize, node: fn(usize) -> Value) -> Value {
    let to = to.min(total);
    let nodes: Vec<Value> = (from..to).map(|n| node(n + 1)).collect();
    json!({
        "totalCount": total, "nodes": nodes,
        "pageInfo": {"hasNextPage": to < total, "endCursor": format!("cursor-{to}")},
    })
}

fn middle(
    asked: &Value,
    wanted: &str,
    cursor: &str,
    total: usize,
    node: fn(usize) -> Value,
) -> Option<Value> {
    (asked[wanted] == true).then(|| {
        let from = asked[cursor].as_str().unwrap().strip_prefix("cursor-").unwrap().parse().unwrap();
        window(total, from, from + 100, node)
    })
}

/// The answer for a pull request with so many commits and reviews, as GitHub would give it.
fn answer(asked: &Asked, commits: usize, reviews: usize) -> Value {
    let asked = &asked.body["variables"];
    let mut pull = json!({
        "number": asked["number"], "title": "Add a door", "body": "", "state": "OPEN", "isDraft": false,
        "updatedAt": "2023-11-14T22:13:20Z",
        "author": {"__typename": "Bot", "login": "copilot-swe-agent", "databaseId": 55},
        "baseRefName": "main", "baseRefOid": sha(0xbace), "headRefName": "copilot/door",
        "headRefOid": sha(commits),
        "headRepository": {"databaseId": 5, "nameWithOwner": "acme/web"},
        "autoMergeRequest": null, "labels": {"totalCount": 1, "nodes": [{"name": "door"}]},
        "commits": window(commits, 0, 100, commit),
        "lastCommits": window(commits, commits.saturating_sub(100), commits, commit),
        "reviews": window(reviews, 0, 100, review),
        "lastReviews": window(reviews, reviews.saturating_sub(100), reviews, review),
        "tip": {"nodes": [{"commit": {
            "oid": sha(commits),
            "associatedPullRequests": {"totalCount": 1, "nodes": [sibling(1, "OPEN", commits)]},
            "checkSuites": {"totalCount": 0, "nodes": []}, "rulesCheckSuites": {"totalCount": 0, "nodes": []},
        }}]},
    });
    let fields = [
        ("moreCommits", middle(asked, "moreCommits", "commitsAfter", commits, commit)),
        ("moreReviews", middle(asked, "moreReviews", "reviewsAfter", reviews, review)),
        ("evenMoreReviews", middle(asked, "evenMoreReviews", "reviewsAfterThat", reviews, review)),
    ];
    for (name, page) in fields {
        if let Some(page) = page {
            pull[name] = page;
        }
    }
    json!({"data": {"repository": {"databaseId": 5, "nameWithOwner": "acme/web", "pullRequest": pull}}})
}

fn sibling(number: u64, state: &str, head: usize) -> Value {
    json!({"number": number, "state": state, "headRefOid": sha(head), "baseRepository": {"databaseId": 5}})
}

/// A forge with that pull request, something about it being odd.
async fn odd(commits: usize, reviews: usize, oddity: fn(&mut Value, usize)) -> Forge {
    Forge::start(move |asked, before| {
        let mut body = answer(asked, commits, reviews);
        oddity(&mut body["data"]["repository"]["pullRequest"], before);
        Reply::json(200, &body)
    })
    .await
}

async fn plain(commits: usize, reviews: usize) -> Forge {
    odd(commits, reviews, |_, _| {}).await
}

async fn read(forge: &Forge) -> Result<PullRead, ForgeError> {
    let repo = RepoName::parse("acme/web").unwrap();
    let which =
        Which { installation: INSTALLATION, repo_id: RepoId(5), repo: &repo, number: 1, check: "gate" };
    forge.github.inner.pulls.read(&forge.github.inner.api, which).await
}

async fn pull(forge: &Forge) -> Pull {
    read(forge).await.unwrap().pull
}

#[tokio::test]
async fn long_lists_are_whole_and_in_order() {
    for (total, first_look) in [(1, 1), (100, 1), (101, 1), (200, 1), (201, 2), (250, 2), (251, 2), (300, 2)]
    {
        let forge = plain(total, total).await;
        for calls in [first_look, first_look + 1] {
            let pull = pull(&forge).await;
            let commits: Vec<_> =
                pull.commits.get().unwrap().iter().map(|one| one.oid.as_str().to_owned()).collect();
            assert_eq!(commits, (1..=total).map(sha).collect::<Vec<_>>());
            let reviews: Vec<_> = pull.reviews.get().unwrap().iter().map(|one| one.id).collect();
            assert_eq!(reviews, (1..=total as u64).map(|n| 3_000_000_000 + n).collect::<Vec<_>>());
            assert_eq!(forge.requests().len(), calls, "{total}: the second look takes one call");
        }
    }
    assert_eq!(pull(&plain(1, 0).await).await.reviews, Fact::Known(vec![]));
}

#[tokio::test]
async fn very_long_lists_take_fewer_calls_the_second_time() {
    let forge = plain(1, 650).await;
    assert_eq!(pull(&forge).await.reviews.get().unwrap().len(), 650);
    let first = forge.requests().len();
    assert_eq!(pull(&forge).await.reviews.get().unwrap().len(), 650);
    assert_eq!((first, forge.requests().len() - first), (6, 3));
}

#[tokio::test]
async fn beyond_the_caps_nobody_reads_on() {
    let forge = plain(1_200, 1_200).await;
    let pull = pull(&forge).await;
    assert_eq!(pull.commits.get().unwrap_err(), "could not see all commits: 200 of 1200");
    assert_eq!(pull.reviews.get().unwrap_err(), "could not see all reviews: 200 of 1200");
    assert_eq!(forge.requests().len(), 1);
}

#[tokio::test]
async fn what_the_forge_hides_is_unknown() {
    let forge = odd(3, 3, |pull, _| {
        for list in ["commits", "lastCommits", "reviews", "lastReviews"] {
            pull[list]["nodes"][1] = Value::Null;
        }
        pull["labels"]["totalCount"] = json!(101);
        pull["author"] = Value::Null;
        pull["tip"]["nodes"][0]["commit"]["associatedPullRequests"]["totalCount"] = json!(2);
    })
    .await;
    let PullRead { pull, siblings, .. } = read(&forge).await.unwrap();
    assert_eq!(pull.commits.get().unwrap_err(), "could not see all commits: 2 of 3");
    assert_eq!(pull.reviews.get().unwrap_err(), "could not see all reviews: 2 of 3");
    assert_eq!(pull.labels.get().unwrap_err(), "could not see all labels: 1 of 101");
    assert!(pull.author.get().unwrap_err().contains("ghost"));
    assert_eq!(siblings.get().unwrap_err(), "could not see all pull requests with the same head: 1 of 2");
    assert_eq!(forge.requests().len(), 1, "reading again would not show more");
}

#[tokio::test]
async fn a_commit_with_too_many_authors_makes_all_commits_unknown() {
    let forge = odd(1, 0, |pull, _| {
        for list in ["commits", "lastCommits"] {
            pull[list]["nodes"][0]["commit"]["authors"]["totalCount"] = json!(21);
        }
    })
    .await;
    let why = pull(&forge).await.commits.get().unwrap_err().to_owned();
    assert_eq!(why, "could not see all authors of commit 0000000: 1 of 21");
}

#[tokio::test]
async fn identities_are_told_as_the_forge_asserts_them() {
    let forge = odd(1, 3, |pull, _| {
        pull["autoMergeRequest"] =
            json!({"enabledBy": {"__typename": "Mannequin", "login": "old", "databaseId": 9}});
        for list in ["reviews", "lastReviews"] {
            pull[list]["nodes"][0]["author"] = Value::Null;
            pull[list]["nodes"][1]["state"] = json!("DISMISSED");
            pull[list]["nodes"][2]["fullDatabaseId"] = json!(7);
        }
    })
    .await;
    let pull = pull(&forge).await;
    let author = pull.author.get().unwrap();
    assert_eq!(
        (author.id, author.login.as_str(), author.kind),
        (UserId(55), "copilot-swe-agent[bot]", AccountKind::Bot)
    );
    assert_eq!(pull.auto_merge.unwrap().get().unwrap().kind, AccountKind::Other);
    assert_eq!(pull.updated_at, START);
    let commit = &pull.commits.get().unwrap()[0];
    assert_eq!(commit.authors[0].account.as_ref().unwrap().id, UserId(11));
    assert!(commit.signature.as_ref().unwrap().by_github);
    let reviews = pull.reviews.get().unwrap();
    assert_eq!(reviews.iter().map(|review| review.id).collect::<Vec<_>>(), [7, 3_000_000_001, 3_000_000_002]);
    assert!(reviews[1].author.get().is_err());
    assert_eq!(reviews[2].state, ReviewState::Dismissed);
    assert_eq!(reviews[0].can_push, Fact::Known(true));
}

#[tokio::test]
async fn an_unknown_kind_of_review_makes_all_reviews_unknown() {
    let forge = odd(1, 1, |pull, _| {
        for list in ["reviews", "lastReviews"] {
            pull[list]["nodes"][0]["state"] = json!("BLESSED");
        }
    })
    .await;
    assert!(pull(&forge).await.reviews.get().unwrap_err().contains("BLESSED"));
}

#[tokio::test]
async fn only_our_own_check_runs_count() {
    let forge = odd(1, 0, |pull, _| {
        let run = |id: u64, name: &str| {
            json!({"databaseId": id, "name": name, "status": "COMPLETED", "conclusion": "ACTION_REQUIRED", "externalId": "v1:a"})
        };
        pull["tip"]["nodes"][0]["commit"]["checkSuites"] = json!({"totalCount": 1, "nodes": [{"checkRuns": {
            "totalCount": 3, "nodes": [run(40_000_000_002, "gate"), run(1, "other"), run(40_000_000_001, "gate")],
        }}]});
    })
    .await;
    let checks = read(&forge).await.unwrap().effects.checks;
    assert_eq!(checks.iter().map(|check| check.id.0).collect::<Vec<_>>(), [40_000_000_001, 40_000_000_002]);
    assert!(checks[0].completed);
    assert_eq!(checks[0].conclusion.as_deref(), Some("action_required"));
    let asked = &forge.requests()[0].body["variables"];
    assert_eq!((&asked["appId"], &asked["checkName"]), (&json!(42), &json!("gate")));
}

#[tokio::test]
async fn siblings_are_open_pull_requests_here_with_our_head() {
    let forge = odd(1, 0, |pull, _| {
        let mut elsewhere = sibling(6, "OPEN", 1);
        elsewhere["baseRepository"]["databaseId"] = json!(6);
        let nodes = json!([
            sibling(1, "OPEN", 1),
            sibling(2, "OPEN", 1),
            sibling(3, "MERGED", 1),
            sibling(4, "OPEN", 9),
            elsewhere
        ]);
        pull["tip"]["nodes"][0]["commit"]["associatedPullRequests"] =
            json!({"totalCount": 5, "nodes": nodes});
    })
    .await;
    assert_eq!(read(&forge).await.unwrap().siblings, Fact::Known(vec![2]));
}

#[tokio::test]
async fn a_tip_that_lags_is_waited_for() {
    let forge = odd(1, 0, |pull, _| pull["headRefOid"] = json!(sha(77))).await;
    assert!(matches!(read(&forge).await, Err(ForgeError::NotYet { .. })));
}

#[tokio::test]
async fn a_name_that_another_repository_took_over_is_gone() {
    for body in [
        json!({"data": {"repository": null}}),
        json!({"data": {"repository": {"databaseId": 5, "nameWithOwner": "acme/web", "pullRequest": null}}}),
        json!({"data": {"repository": {"databaseId": 6, "nameWithOwner": "acme/web", "pullRequest": null}}}),
    ] {
        let forge = Forge::start(move |_, _| Reply::json(200, &body)).await;
        assert!(matches!(read(&forge).await, Err(ForgeError::Gone { .. })));
    }
}

#[tokio::test]
async fn a_cursor_that_became_invalid_is_forgotten() {
    let invalid = json!({"data": null, "errors": [{"type": "INVALID_CURSOR_ARGUMENTS", "message": "no"}]});
    let forge = Forge::start(move |asked, before| match before {
        // The third request opens the second look with a remembered cursor.
        2 => Reply::json(200, &invalid),
        _ => Reply::json(200, &answer(asked, 1, 250)),
    })
    .await;
    pull(&forge).await;
    assert_eq!(pull(&forge).await.reviews.get().unwrap().len(), 250);
    let cursors: Vec<_> = forge
        .requests()
        .iter()
        .map(|asked| asked.body["variables"]["moreReviews"].as_bool().unwrap())
        .collect();
    assert_eq!(cursors, [false, true, true, false, true]);
}

#[tokio::test]
async fn commits_of_two_heads_are_never_mixed() {
    let forge = Forge::start(|asked, before| {
        let mut body = answer(asked, 250, 0);
        if before == 1 {
            // A force push between the two calls: one commit on another head.
            body = answer(asked, 1, 0);
            body["data"]["repository"]["pullRequest"].as_object_mut().unwrap().remove("moreCommits");
        }
        Reply::json(200, &body)
    })
    .await;
    let pull = pull(&forge).await;
    assert_eq!(pull.head.sha, Sha::parse(&sha(1)).unwrap());
    assert_eq!(pull.commits.get().unwrap().len(), 1);
}

#[tokio::test]
async fn a_closed_pull_request_is_gathered_without_git() {
    let forge = Forge::start(|asked, _| {
        if asked.body["variables"].get("number").is_none() {
            let nodes = json!([{"databaseId": 11, "login": "ada"}, {"databaseId": 12, "login": "bob"}, {"databaseId": 13, "login": "cy"}]);
            let page = json!({"totalCount": 3, "pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": nodes});
            return Reply::json(200, &json!({"data": {"organization": {"membersWithRole": page}}}));
        }
        let mut body = answer(asked, 1, 1);
        body["data"]["repository"]["pullRequest"]["state"] = json!("MERGED");
        Reply::json(200, &body)
    })
    .await;
    let subject = Subject::Pull(PullSubject {
        installation: INSTALLATION,
        repo_id: RepoId(5),
        repo: RepoName::parse("acme/web").unwrap(),
        number: 1,
    });
    let group = policy::facts::Group::parse("acme").unwrap();
    let wanted = Wanted {
        groups: [group.clone()].into(),
        lines: Lines::Skip,
        check: "gate".into(),
        ..policy::Wanted::default()
    };
    let mut observed = look(&forge.github, &subject, &wanted).await.unwrap();
    let more = [UserId(12)].into();
    forge.github.enroll(subject.place().installation, &more, &mut observed.facts.roster).await.unwrap();
    assert_eq!(observed.facts.pull.state, PullState::Merged);
    assert!(observed.facts.pull.pushers.get().is_err(), "the caller puts them in");
    assert!(observed.facts.pull.change.get().is_err());
    assert_eq!(observed.facts.repository.name.to_string(), "acme/web");
    let members = observed.facts.roster.groups[&group].get().unwrap();
    assert_eq!(
        members.iter().map(|id| id.0).collect::<Vec<_>>(),
        [11, 12],
        "the author and who was asked for"
    );
    assert!(!observed.is_older_than(&Floor::default()));
}

#[tokio::test]
async fn hidden_check_runs_are_not_taken_for_none() {
    for hide in [
        (|pull, _| pull["tip"]["nodes"][0]["commit"]["checkSuites"] = Value::Null) as fn(&mut Value, usize),
        |pull, _| {
            let hidden = json!({"totalCount": 1, "nodes": [{"checkRuns": null}]});
            pull["tip"]["nodes"][0]["commit"]["checkSuites"] = hidden;
        },
    ] {
        let forge = odd(1, 0, hide).await;
        assert!(matches!(read(&forge).await, Err(ForgeError::Incomplete { .. })));
    }
}
