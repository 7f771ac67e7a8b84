//! Facts of every kind, most of them benign: properties are put to the test near the line between pass and block.

use std::collections::BTreeSet;

use change::{
    Change, Class, CodePoint, Commit, FileChange, HiddenText, Ident, Lines, Mode, RawPath, Spot, Status,
    Trailer,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::own::any_own_rules;
use crate::decide::tests::scene::{
    NOW, alice, bob, coderabbit, copilot, dana, erin, group, head, named, nobody, repository, sha, user,
};
use crate::facts::{
    Account, AccountKind, Assignment, Branch, Carried, Comment, CommitIdentity, Counted, Descent, Dismissal,
    Fact, Facts, Linked, Person, ProposedRules, Pull, PullState, Review, ReviewState, Roster, Signature,
};
use crate::ids::{Millis, UserId};

/// Known, with one in twenty unknown.
fn fact<T: std::fmt::Debug + Clone>(known: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    let one_in_twenty = (0..20u8).prop_map(|roll| roll == 0);
    (known, one_in_twenty).prop_map(
        |(value, forget)| {
            if forget { Fact::unknown("not seen") } else { Fact::Known(value) }
        },
    )
}

fn person() -> impl Strategy<Value = Account> {
    select(vec![alice(), bob(), dana(), dana(), user(1901, "frank")])
}

fn agent() -> impl Strategy<Value = Account> {
    let kinds = [AccountKind::User, AccountKind::Bot, AccountKind::Organization, AccountKind::Other];
    let anybody = (any::<u64>(), "\\PC{0,12}", select(kinds.to_vec()));
    prop_oneof![
        8 => Just(copilot()),
        1 => select(vec![erin(), coderabbit(), user(81_847, "claude"), user(5005, "acme-machine"), user(1902, "acme-ci")]),
        1 => anybody.prop_map(|(id, login, kind)| Account { id: UserId(id), login, kind }),
    ]
}

fn linked() -> impl Strategy<Value = Linked> {
    prop_oneof![9 => person(), 1 => agent()]
        .prop_map(|account| Linked { id: account.id, login: account.login })
}

/// As a commit names somebody.
fn claimed(author: Account) -> impl Strategy<Value = Person> {
    let by_author = named(&author);
    let unlinked = Person { account: None, ..by_author.clone() };
    prop_oneof![
        24 => Just(by_author),
        1 => Just(unlinked),
        1 => person().prop_map(|person| named(&person)),
        1 => agent().prop_map(|agent| named(&agent)),
        1 => Just(nobody("Who", "who@nowhere.example")),
        1 => ("\\PC{0,12}", "\\PC{0,20}", weighted(0.5, linked()))
            .prop_map(|(name, email, account)| Person { name, email, account }),
    ]
}

fn message() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just("Fix it".to_owned()),
        4 => Just("Fix it\n\nCo-Authored-By: Claude <noreply@anthropic.com>".to_owned()),
        1 => Just("x\n\nCo-authored-by: Bob <1002+bob@users.noreply.github.com>".to_owned()),
        1 => Just("x\n\nCo-authored-by: D <158243242+devin-ai-integration[bot]@users.noreply.github.com>".to_owned()),
        1 => "\\PC{0,20}(\n\n\\PC{0,10}: \\PC{0,20})?",
    ]
}

fn signature() -> impl Strategy<Value = Signature> {
    (any::<bool>(), any::<bool>(), weighted(0.7, linked())).prop_map(|(valid, by_github, signer)| Signature {
        valid,
        by_github,
        signer,
    })
}

/// One commit in git and as the forge lists it; now and then one of them only.
fn commit(author: Account) -> impl Strategy<Value = (Option<Commit>, Option<CommitIdentity>)> {
    let people = (claimed(author.clone()), claimed(author.clone()), weighted(0.1, claimed(author)));
    (people, message(), weighted(0.1, signature()), 0..6u64, 0..40u8).prop_map(
        |((author, committer, co_author), message, signature, oid, missing)| {
            let ident =
                |person: &Person| Ident { name: person.name.clone(), email: person.email.clone(), at: 0 };
            let trailers = message.lines().filter_map(|line| line.split_once(": "));
            let git = Commit {
                oid: sha(0xc000 + oid),
                parents: vec![],
                author: ident(&author),
                committer: ident(&committer),
                trailers: trailers.map(|(k, v)| Trailer { key: k.into(), value: v.into() }).collect(),
                message,
            };
            let authors = [author].into_iter().chain(co_author).collect();
            let listed =
                CommitIdentity { oid: git.oid.clone(), authors, committer: Some(committer), signature };
            ((missing != 0).then_some(git), (missing != 1).then_some(listed))
        },
    )
}

fn file() -> impl Strategy<Value = FileChange> {
    let paths = [
        "src/lib.rs",
        "src/lib.rs",
        "src/b.rs",
        "docs/a.md",
        "docs/b.md",
        "Cargo.toml",
        ".github/workflows/ci.yml",
        "ops/x",
        "payments/api.rs",
        "payments/docs/a.md",
        "AGENTS.md",
        "rules.toml",
    ];
    let path = prop_oneof![
        12 => select(paths.to_vec()).prop_map(|path| path.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..12),
    ];
    let mode = || {
        prop_oneof![
            12 => Just(Mode::File), 1 => select(vec![Mode::Absent, Mode::Executable, Mode::Symlink, Mode::Submodule]),
            1 => any::<u32>().prop_map(Mode::Other),
        ]
    };
    let status = select(vec![Status::Added, Status::Deleted, Status::Modified, Status::TypeChanged]);
    let lines = weighted(0.95, 0..200u64);
    (path, mode(), mode(), status, lines).prop_map(|(path, old_mode, new_mode, status, lines)| FileChange {
        path: RawPath::new(path),
        status,
        old_mode,
        new_mode,
        old: Some(sha(1)),
        new: None,
        lines,
    })
}

pub(super) fn review() -> impl Strategy<Value = Review> {
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed, Pending};
    let state =
        prop_oneof![9 => Just(Approved), 1 => select(vec![ChangesRequested, Commented, Dismissed, Pending])];
    let commit = prop_oneof![9 => Just(Some(head())), 1 => select(vec![None, Some(sha(5))])];
    let can_push = prop_oneof![9 => Just(true), 1 => Just(false)];
    let who = (0..6u64, fact(prop_oneof![9 => person(), 1 => agent()]));
    let when = (weighted(0.95, moment()), weighted(0.9, dismissal()));
    (who, state, commit, fact(can_push), when).prop_map(
        |((id, author), state, commit, can_push, (at, dismissal))| {
            let dismissal = dismissal.filter(|_| state == Dismissed);
            Review { id, author, state, commit, can_push, at, dismissal }
        },
    )
}

/// Around the moment of the look.
fn moment() -> impl Strategy<Value = Millis> {
    prop_oneof![4 => Just(0), 1 => 0..20i64, 1 => 0..20_000i64].prop_map(|ago| Millis(NOW.0 - ago * 60_000))
}

fn dismissal() -> impl Strategy<Value = Dismissal> {
    let was = select(vec![ReviewState::Approved, ReviewState::ChangesRequested]);
    (fact(prop_oneof![2 => person(), 1 => agent()]), was, moment()).prop_map(|(by, was, at)| Dismissal {
        by,
        was,
        at,
    })
}

fn comment() -> impl Strategy<Value = Comment> {
    let line = prop_oneof![
        9 => Just(format!("/portcullis approve {}", head())),
        1 => Just(format!("/portcullis approve {}", sha(5))),
        1 => "/portcullis \\PC{0,12}",
    ];
    let how = (weighted_flag(), fact(weighted_flag()), fact(weighted_flag().prop_map(|no| !no)));
    (0..6u64, fact(prop_oneof![9 => person(), 1 => agent()]), line, moment(), how).prop_map(
        |(id, author, line, at, (edited, by_app, can_push))| Comment {
            id,
            author,
            line,
            edited,
            at,
            can_push,
            by_app,
        },
    )
}

/// One in ten.
fn weighted_flag() -> impl Strategy<Value = bool> {
    prop_oneof![9 => Just(false), 1 => Just(true)]
}

/// Now and then something is hidden in a file, one of those that change perhaps.
fn hidden() -> impl Strategy<Value = Vec<HiddenText>> {
    let path = select(vec!["src/lib.rs", "docs/a.md", "AGENTS.md", "elsewhere"]);
    let code = select(vec!['\u{202e}', '\u{ad}']);
    let one = (path, code, 0..3u32).prop_map(|(path, code, line)| HiddenText {
        path: RawPath::from(path),
        spots: vec![Spot { line, code: CodePoint::from(code), count: 1 }],
        total: u64::from(line),
    });
    prop_oneof![12 => Just(vec![]), 1 => vec(one, 1..3)]
}

fn assignment() -> impl Strategy<Value = Assignment> {
    (fact(prop_oneof![person(), agent()]), fact(prop_oneof![person(), agent()]))
        .prop_map(|(by, to)| Assignment { by, to })
}

fn pull() -> impl Strategy<Value = Pull> {
    prop_oneof![person(), agent()].prop_flat_map(|author| {
        let is_agent = author.kind == AccountKind::Bot;
        let who = (
            fact(Just(author.clone())),
            weighted(0.1, fact(prop_oneof![3 => person(), 1 => agent()])),
            fact(vec(prop_oneof![12 => Just(author.clone()), 1 => person(), 1 => agent()], 0..3)),
        );
        let what = (vec(commit(author), 1..3), fact(vec(file(), 0..4)), weighted(0.8, 0..900u64));
        let text = prop_oneof![6 => Just("Fixes it.".to_owned()), 1 => "\\PC{0,30}"];
        let labels = fact(vec(prop_oneof![3 => Just("hold".to_owned()), 1 => "\\PC{0,8}"], 0..2));
        let state = prop_oneof![12 => Just(PullState::Open), 1 => Just(PullState::Closed), 1 => Just(PullState::Merged)];
        let own = if is_agent { "copilot/fix" } else { "fix" };
        let branch = prop_oneof![12 => Just(own.to_owned()), 1 => Just("copilot/fix".to_owned()), 1 => "\\PC{0,12}"];
        let from = prop_oneof![
            12 => Just(Some(repository(1, "acme/web"))), 1 => Just(None), 1 => Just(Some(repository(5, "erin/web"))),
        ];
        let base = select(vec!["main", "main", "release/1"]);
        let place = (branch, from, base, fact(Just(())));
        let descent = |agent: &str| Descent { oid: sha(0xc001), agent: agent.into(), number: 3 };
        let lineage = prop_oneof![
            12 => Just(vec![]),
            1 => select(vec!["copilot", "machine", "x[bot]"]).prop_map(move |agent| vec![descent(agent)]),
        ];
        let head_since = prop_oneof![9 => Just(Millis(0)), 1 => moment()];
        let comments = prop_oneof![3 => Just(vec![]), 1 => vec(comment(), 1..3)];
        let assignments = prop_oneof![12 => Just(vec![]), 1 => vec(assignment(), 1..2)];
        let carried = weighted(0.3, fact(any::<bool>()));
        // On the heap: together they are larger than a thread's stack takes.
        let more = (tally(), carried, fact(hidden())).boxed();
        let said = (fact(comments), fact(assignments), weighted(0.95, head_since), fact(lineage), more).boxed();
        let (who, what, place) = (who.boxed(), what.boxed(), place.boxed());
        let text = (text, labels, state, any::<bool>()).boxed();
        (who, what, text, place, fact(vec(review(), 0..5)).boxed(), said).prop_map(assemble)
    })
}

type Who = (Fact<Account>, Option<Fact<Account>>, Fact<Vec<Account>>);
type What = (Vec<(Option<Commit>, Option<CommitIdentity>)>, Fact<Vec<FileChange>>, Option<u64>);
type Text = (String, Fact<Vec<String>>, PullState, bool);
type Place = (String, Option<crate::facts::Repository>, &'static str, Fact<()>);

type Said = (
    Fact<Vec<Comment>>,
    Fact<Vec<Assignment>>,
    Option<Millis>,
    Fact<Vec<Descent>>,
    (Option<Fact<Vec<Counted>>>, Option<Fact<bool>>, Fact<Vec<HiddenText>>),
);

/// What else the agent did: most often little.
fn tally() -> impl Strategy<Value = Option<Fact<Vec<Counted>>>> {
    let state = select(vec![PullState::Open, PullState::Open, PullState::Merged, PullState::Closed]);
    let ago = prop_oneof![4 => 1..20i64, 1 => 20..200i64];
    let lines = fact(vec((select(vec!["source", "docs", "ci"]), 0..300u64), 0..3));
    let counted = (0..9u64, any::<bool>(), state, (ago.clone(), ago), lines, select(vec![1, 1, 5]));
    let counted = counted
        .prop_map(|(number, earlier, state, (opened, ended), lines, repo)| Counted {
            repository: repository(repo, "acme/web"),
            number,
            opened_at: Millis(NOW.0 - (opened + ended) * 3_600_000),
            earlier,
            state,
            ended_at: (state != PullState::Open).then_some(Millis(NOW.0 - ended * 3_600_000)),
            lines: match lines {
                Fact::Known(lines) => Fact::Known(
                    lines
                        .into_iter()
                        .filter_map(|(class, lines)| Some((Class::parse(class)?, lines)))
                        .collect(),
                ),
                Fact::Unknown(why) => Fact::Unknown(why),
            },
        })
        .boxed();
    weighted(0.95, fact(prop_oneof![2 => vec(counted.clone(), 0..3), 1 => vec(counted, 0..12)]))
}

fn assemble(
    (who, what, text, place, reviews, said): (Who, What, Text, Place, Fact<Vec<Review>>, Said),
) -> Pull {
    let (comments, assignments, head_since, lineage, (tally, whole, hidden)) = said;
    let carried = whole.map(|whole| Carried { from: sha(5), whole }).into_iter().collect();
    let (author, auto_merge, pushers) = who;
    let (commits, files, lines) = what;
    let (body, labels, state, draft) = text;
    let (branch, head_repository, base, listed) = place;
    // One commit has one name: the first of each name stays.
    let (mut git, mut list): (Vec<Commit>, Vec<CommitIdentity>) = (vec![], vec![]);
    let mut names = BTreeSet::new();
    for (in_git, in_list) in commits {
        let oid = in_git.as_ref().map(|commit| &commit.oid).or(in_list.as_ref().map(|commit| &commit.oid));
        if oid.is_some_and(|oid| names.insert(oid.clone())) {
            git.extend(in_git);
            list.extend(in_list);
        }
    }
    let change = match files {
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Known(files) => Fact::Known(Change {
            merge_base: None,
            files,
            commits: git,
            lines: lines.map(|added| Lines { added, deleted: 1 }),
        }),
    };
    let commits = match listed {
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Known(()) => Fact::Known(list),
    };
    Pull {
        number: 7,
        node: "PR_7".into(),
        title: body.clone(),
        body,
        state,
        draft,
        updated_at: NOW,
        author,
        base: Branch { name: base.into(), sha: sha(3) },
        head: Branch { name: branch, sha: head() },
        head_repository,
        labels,
        auto_merge,
        commits,
        reviews,
        comments,
        assignments,
        head_since,
        opened_at: None,
        tally,
        lineage,
        carried,
        hidden,
        pushers,
        change,
        proposed_rules: vec![],
    }
}

/// Who belongs to a group: most of the people, and some that are none.
fn members() -> impl Strategy<Value = BTreeSet<UserId>> {
    let ids = [1001, 1002, 1003, 1003, 1002, 1001];
    let people = proptest::sample::subsequence(ids.to_vec(), 3..=6);
    (people, proptest::option::weighted(0.1, select(vec![1902, 5005, 81_847])))
        .prop_map(|(people, other)| people.into_iter().chain(other).map(UserId).collect())
}

/// Arbitrary facts.
pub(super) fn any_facts() -> impl Strategy<Value = Facts> {
    let now = prop_oneof![9 => Just(NOW), 1 => any::<i64>().prop_map(Millis)];
    let name = select(vec!["acme/web", "acme/web", "acme/web", "Acme/docs-a", "acme/payments"]);
    let siblings = fact(vec(pull(), 0..2)).boxed();
    let roster = (weighted(0.95, fact(members())), weighted(0.95, fact(members())));
    let own = fact(any_own_rules()).boxed();
    let text = any_own_rules().prop_map(|own| own.newest.map(|newest| newest.text));
    let proposed = fact(text).prop_map(|text| ProposedRules { path: ".github/portcullis.toml".into(), text });
    let pull = (pull(), vec(proposed, 0..2))
        .prop_map(|(pull, proposed_rules)| Pull { proposed_rules, ..pull })
        .boxed();
    (now, name, pull, siblings, roster, own).prop_map(|(now, name, pull, siblings, (org, team), own)| Facts {
        now,
        repository: repository(1, name),
        pull,
        siblings,
        roster: Roster {
            groups: [(group("acme"), org), (group("@acme/security"), team)]
                .into_iter()
                .filter_map(|(group, members)| Some((group, members?)))
                .collect(),
        },
        own_rules: own,
    })
}
