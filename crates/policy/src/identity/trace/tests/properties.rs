//! Whatever a pull request holds, it can be searched; and whatever is added, no sign is lost.

use proptest::prelude::*;

use super::*;
use crate::identity::unattributed;

/// Text in which signs are likely, and anything else.
fn texts() -> impl Strategy<Value = String> {
    let signs = prop::sample::select(vec![
        "Claude",
        "claude[bot]",
        "evil[bot]",
        "[bot]",
        "x (aider)",
        "noreply@anthropic.com",
        "198982749+Copilot@users.noreply.github.com",
        "41898282+claude[bot]@users.noreply.github.com",
        "+@users.noreply.github.com",
        "Co-authored-by: Codex <a@openai.com>",
        "x\n\nAgent-Logs-Url: u",
        "aider: x",
        "copilot/x",
        "cursor/a-b-dead",
        "codex",
        "https://app.devin.ai/sessions/1",
        "bot@antigravity.ai",
    ]);
    prop_oneof![3 => signs.prop_map(str::to_owned), 1 => any::<String>()]
}

fn people() -> impl Strategy<Value = Person> {
    let ids = prop::sample::select(vec![7, 81_847, 41_898_282, 198_982_749]);
    (texts(), texts(), prop::option::of((ids, texts()))).prop_map(|(name, email, account)| Person {
        name,
        email,
        account: account.map(|(id, login)| Linked { id: UserId(id), login }),
    })
}

fn accounts() -> impl Strategy<Value = Account> {
    let ids = prop::sample::select(vec![7, 9, 81_847, 41_898_282, 198_982_749]);
    let kinds = prop::sample::select(vec![
        AccountKind::User,
        AccountKind::Bot,
        AccountKind::Organization,
        AccountKind::Other,
    ]);
    (ids, texts(), kinds).prop_map(|(id, login, kind)| account(id, &login, kind))
}

/// One more thing that somebody may add to a pull request.
#[derive(Debug, Clone)]
enum More {
    Commit(Person, String, Option<(bool, bool)>),
    CoAuthor(Person),
    Line(String),
    Body(String),
    Label(String),
    Pusher(Account),
    AutoMerge(Account),
}

fn more() -> impl Strategy<Value = More> {
    prop_oneof![
        (people(), texts(), any::<Option<(bool, bool)>>())
            .prop_map(|(who, text, key)| More::Commit(who, text, key)),
        people().prop_map(More::CoAuthor),
        texts().prop_map(More::Line),
        texts().prop_map(More::Body),
        texts().prop_map(More::Label),
        accounts().prop_map(More::Pusher),
        accounts().prop_map(More::AutoMerge),
    ]
}

fn add(pull: &mut Pull, more: More) {
    let (Fact::Known(change), Fact::Known(listed)) = (&mut pull.change, &mut pull.commits) else { return };
    match more {
        More::Commit(author, message, key) => {
            let story = Story::default().commit(change.commits.len() as u64, author, &message);
            change.commits.extend(story.commits);
            let signature = key.map(|(valid, by_github)| Signature { valid, by_github, signer: None });
            listed.extend(
                story
                    .listed
                    .into_iter()
                    .map(|commit| CommitIdentity { signature: signature.clone(), ..commit }),
            );
        }
        More::CoAuthor(person) => {
            // A commit has an author before it has co-authors.
            if let Some(commit) = listed.last_mut() {
                commit.authors.push(person);
            }
        }
        More::Line(line) => {
            if let Some(commit) = change.commits.last_mut() {
                commit.message = format!("{}\n{line}", commit.message);
            }
        }
        More::Body(text) => pull.body = format!("{}\n{text}", pull.body),
        More::Label(label) => {
            if let Fact::Known(labels) = &mut pull.labels {
                labels.push(label);
            }
        }
        More::Pusher(account) => {
            if let Fact::Known(pushers) = &mut pull.pushers {
                pushers.push(account);
            }
        }
        More::AutoMerge(account) => {
            pull.auto_merge.get_or_insert(Fact::Known(account));
        }
    }
}

proptest! {
    #[test]
    fn another_sign_never_removes_one(
        author in accounts(),
        branch in texts(),
        before in prop::collection::vec(more(), 0..6),
        after in prop::collection::vec(more(), 1..4),
    ) {
        let mut pull = Story { author, branch, ..Story::default() }.pull();
        before.into_iter().for_each(|more| add(&mut pull, more));
        let signs = |pull: &Pull| -> BTreeSet<_> {
            let traces = traces(pull).found.into_iter();
            traces.map(|trace| (trace.class, trace.place, trace.catalogue)).collect()
        };
        let first = signs(&pull);
        after.into_iter().for_each(|more| add(&mut pull, more));
        prop_assert!(signs(&pull).is_superset(&first));
    }

    #[test]
    fn any_text_can_be_searched(branch in any::<String>(), body in any::<String>(), message in any::<String>(), who in people()) {
        let pull = Story { branch, body, ..Story::default() }.commit(1, who, &message).pull();
        for trace in traces(&pull).found {
            prop_assert!(trace.seen.chars().count() <= SEEN);
        }
        prop_assert!(unattributed(&pull).len() <= 1);
    }
}
