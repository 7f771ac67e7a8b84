//! A pull request to tell stories about: organisation acme, its people and its agent, and the sample rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use change::{Change, Commit, FileChange, Ident, Mode, RawPath, Status, Trailer};

use crate::decide::decide;
use crate::facts::{
    Account, AccountKind, Branch, Comment, CommitIdentity, Dismissal, Fact, Facts, Group, Linked, OwnRules,
    Person, Pull, PullState, Repository, Review, ReviewState, Roster, RulesText,
};
use crate::ids::{Millis, RepoId, RepoName, Sha, UserId};
use crate::rules::{RuleSource, Rules};
use crate::verdict::{Code, Conclusion, Disqualification, Effect, PullVerdict, Verdict};

pub(super) const SAMPLE: &str = include_str!("../../../../../rules.toml");
/// 2026-11-20T12:00:00Z.
pub(super) const NOW: Millis = Millis(1_795_176_000_000);

pub(super) fn alice() -> Account {
    user(1001, "alice")
}

pub(super) fn bob() -> Account {
    user(1002, "bob")
}

/// In the security team.
pub(super) fn dana() -> Account {
    user(1003, "dana")
}

/// Not a member of the organisation.
pub(super) fn erin() -> Account {
    user(1004, "erin")
}

/// Registered in the sample rules.
pub(super) fn copilot() -> Account {
    bot(198_982_749, "Copilot")
}

/// Reviews; registered nowhere.
pub(super) fn coderabbit() -> Account {
    bot(136_622_811, "coderabbitai[bot]")
}

pub(super) fn user(id: u64, login: &str) -> Account {
    Account { id: UserId(id), login: login.into(), kind: AccountKind::User }
}

pub(super) fn bot(id: u64, login: &str) -> Account {
    Account { id: UserId(id), login: login.into(), kind: AccountKind::Bot }
}

pub(super) fn sha(number: u64) -> Sha {
    Sha::parse(&format!("{number:040x}")).unwrap()
}

/// The head of every scene.
pub(super) fn head() -> Sha {
    sha(0xbeef)
}

pub(super) fn group(name: &str) -> Group {
    Group::parse(name).unwrap()
}

pub(super) fn repository(id: u64, name: &str) -> Repository {
    Repository { id: RepoId(id), name: RepoName::parse(name).unwrap() }
}

/// A file that was edited.
pub(super) fn file(path: &str) -> FileChange {
    FileChange {
        path: RawPath::from(path),
        status: Status::Modified,
        old_mode: Mode::File,
        new_mode: Mode::File,
        old: Some(sha(1)),
        new: Some(sha(2)),
        lines: None,
    }
}

/// A file that was added.
pub(super) fn added(path: &str, mode: Mode) -> FileChange {
    FileChange { status: Status::Added, old_mode: Mode::Absent, new_mode: mode, old: None, ..file(path) }
}

/// A file that is gone.
pub(super) fn deleted(path: &str) -> FileChange {
    FileChange { status: Status::Deleted, new_mode: Mode::Absent, new: None, ..file(path) }
}

/// As a commit names the account, with the address that GitHub gives it.
pub(super) fn named(account: &Account) -> Person {
    Person {
        name: account.login.clone(),
        email: format!("{}+{}@users.noreply.github.com", account.id, account.login),
        account: (account.kind == AccountKind::User)
            .then(|| Linked { id: account.id, login: account.login.clone() }),
    }
}

/// As a commit names somebody whose address belongs to no account.
pub(super) fn nobody(name: &str, email: &str) -> Person {
    Person { name: name.into(), email: email.into(), account: None }
}

pub(super) fn review(id: u64, by: &Account, state: ReviewState) -> Review {
    Review {
        id,
        author: Fact::Known(by.clone()),
        state,
        commit: Some(head()),
        can_push: Fact::Known(by.kind == AccountKind::User),
        at: Some(NOW),
        dismissal: (state == ReviewState::Dismissed).then(|| Dismissal {
            by: Fact::Known(alice()),
            was: ReviewState::ChangesRequested,
            at: NOW,
        }),
    }
}

/// A pull request, the rules it is judged by, and what is known around it.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) facts: Facts,
    pub(super) rules: String,
}

impl Scene {
    /// Copilot's pull request: one commit to one source file on a branch of its own.
    pub(super) fn by_copilot() -> Self {
        Self::of(pull(7, copilot(), "copilot/fix-1"))
    }

    /// Alice's own pull request: one commit to one source file.
    pub(super) fn by_alice() -> Self {
        Self::of(pull(7, alice(), "fix"))
    }

    pub(super) fn of(pull: Pull) -> Self {
        let members = |ids: &[u64]| Fact::Known(ids.iter().copied().map(UserId).collect::<BTreeSet<_>>());
        let groups =
            [(group("acme"), members(&[1001, 1002, 1003])), (group("@acme/security"), members(&[1003]))];
        let facts = Facts {
            now: NOW,
            repository: repository(1, "acme/web"),
            pull,
            siblings: Fact::Known(Vec::new()),
            roster: Roster { groups: groups.into() },
            own_rules: Fact::Known(OwnRules::default()),
        };
        Self { facts, rules: SAMPLE.to_owned() }
    }

    pub(super) fn pull(mut self, edit: impl FnOnce(&mut Pull)) -> Self {
        edit(&mut self.facts.pull);
        self
    }

    pub(super) fn facts(mut self, edit: impl FnOnce(&mut Facts)) -> Self {
        edit(&mut self.facts);
        self
    }

    /// Replaces a part of the sample rules, which must be there.
    pub(super) fn rules(mut self, from: &str, to: &str) -> Self {
        assert!(self.rules.contains(from), "the rules do not say {from}");
        self.rules = self.rules.replace(from, to);
        self
    }

    /// Adds to the end of the rules.
    pub(super) fn and_rules(mut self, more: &str) -> Self {
        self.rules.push_str(more);
        self
    }

    /// The repository has rules of its own.
    pub(super) fn own_rules(self, text: &str) -> Self {
        let newest = Some(RulesText { blob: sha(0x60), text: text.to_owned() });
        self.facts(|facts| facts.own_rules = Fact::Known(OwnRules { newest, ..OwnRules::default() }))
    }

    /// The change touches exactly these files.
    pub(super) fn files(self, files: impl IntoIterator<Item = FileChange>) -> Self {
        self.pull(|pull| known(&mut pull.change).files = files.into_iter().collect())
    }

    /// One more commit, in git and as the forge lists it.
    pub(super) fn commit(self, author: Person, message: &str) -> Self {
        self.pull(|pull| {
            let at = known(&mut pull.commits).len() as u64;
            commit(pull, sha(0xc000 + at), author, message);
        })
    }

    /// The commit that was added last, as the forge lists it.
    pub(super) fn listed(self, edit: impl FnOnce(&mut CommitIdentity)) -> Self {
        self.pull(|pull| edit(known(&mut pull.commits).last_mut().unwrap()))
    }

    pub(super) fn pushed_by(self, account: &Account) -> Self {
        self.pull(|pull| known(&mut pull.pushers).push(account.clone()))
    }

    pub(super) fn reviewed(self, by: &Account, state: ReviewState) -> Self {
        self.review(by, state, |_| {})
    }

    pub(super) fn approved(self, by: &Account) -> Self {
        self.reviewed(by, ReviewState::Approved)
    }

    pub(super) fn review(self, by: &Account, state: ReviewState, edit: impl FnOnce(&mut Review)) -> Self {
        self.pull(|pull| {
            let reviews = known(&mut pull.reviews);
            let mut review = review(100 + reviews.len() as u64, by, state);
            edit(&mut review);
            reviews.push(review);
        })
    }

    /// A comment that approves the head.
    pub(super) fn commented(self, by: &Account, edit: impl FnOnce(&mut Comment)) -> Self {
        self.pull(|pull| {
            let comments = known(&mut pull.comments);
            let mut comment = Comment {
                id: 500 + comments.len() as u64,
                author: Fact::Known(by.clone()),
                line: format!("/portcullis approve {}", head()),
                edited: false,
                at: NOW,
                can_push: Fact::Known(by.kind == AccountKind::User),
                by_app: Fact::Known(false),
            };
            edit(&mut comment);
            comments.push(comment);
        })
    }

    pub(super) fn source(&self) -> RuleSource {
        RuleSource::good(Arc::new(parsed(&self.rules)))
    }

    pub(super) fn decide(&self) -> Verdict {
        decide(&self.facts, &self.source())
    }

    /// The verdict on the pull request itself.
    pub(super) fn verdict(&self) -> PullVerdict {
        self.decide().pulls.remove(0)
    }

    /// Asserts the conclusion, and the codes of all findings that are not satisfied, strictest first.
    #[track_caller]
    pub(super) fn ends(&self, conclusion: Conclusion, codes: &[Code]) -> PullVerdict {
        let verdict = self.verdict();
        let unmet = verdict.findings.iter().filter(|finding| finding.effect != Effect::Satisfied);
        let told: Vec<Code> = unmet.map(|finding| finding.code).collect();
        assert_eq!((verdict.conclusion, told.as_slice()), (conclusion, codes), "{:#?}", verdict.findings);
        verdict
    }

    #[track_caller]
    pub(super) fn passes(&self) -> PullVerdict {
        self.ends(Conclusion::Success, &[])
    }

    /// It waits for the tier because nobody's approval counts; why the only one does not is returned.
    #[track_caller]
    pub(super) fn approval_does_not_count(&self) -> Vec<Disqualification> {
        let mut verdict = self.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
        let tier = verdict.tiers.remove(0);
        assert_eq!((tier.counted.len(), tier.disqualified.len()), (0, 1), "{tier:#?}");
        tier.disqualified.into_iter().next().unwrap().because
    }
}

pub(super) fn parsed(text: &str) -> Rules {
    let parsed = Rules::parse("rules.toml", text);
    parsed.rules.unwrap_or_else(|| panic!("{text}\n{:#?}", parsed.complaints))
}

pub(super) fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown(why) => panic!("unknown: {why}"),
    }
}

/// A pull request with one commit by its author to `src/lib.rs`.
pub(super) fn pull(number: u64, author: Account, branch: &str) -> Pull {
    let change =
        Change { merge_base: Some(sha(3)), files: vec![file("src/lib.rs")], commits: vec![], lines: None };
    let mut pull = Pull {
        number,
        node: format!("PR_{number}"),
        title: format!("Change {number}"),
        body: "Fixes it.".into(),
        state: PullState::Open,
        draft: false,
        updated_at: NOW,
        author: Fact::Known(author.clone()),
        base: Branch { name: "main".into(), sha: sha(3) },
        head: Branch { name: branch.into(), sha: head() },
        head_repository: Some(repository(1, "acme/web")),
        labels: Fact::Known(vec![]),
        auto_merge: None,
        commits: Fact::Known(vec![]),
        reviews: Fact::Known(vec![]),
        pushers: Fact::Known(vec![author.clone()]),
        change: Fact::Known(change),
        comments: Fact::Known(Vec::new()),
        assignments: Fact::Known(Vec::new()),
        carried: Vec::new(),
        lineage: Fact::Known(Vec::new()),
        hidden: Fact::Known(Vec::new()),
        head_since: None,
        opened_at: None,
        tally: None,
        proposed_rules: vec![],
    };
    commit(&mut pull, head(), named(&author), "Fix it");
    pull
}

fn commit(pull: &mut Pull, oid: Sha, author: Person, message: &str) {
    let ident = Ident { name: author.name.clone(), email: author.email.clone(), at: 0 };
    let trailers = message.lines().filter_map(|line| line.split_once(": "));
    known(&mut pull.change).commits.push(Commit {
        oid: oid.clone(),
        parents: vec![sha(3)],
        committer: ident.clone(),
        author: ident,
        message: message.into(),
        trailers: trailers.map(|(key, value)| Trailer { key: key.into(), value: value.into() }).collect(),
    });
    let committer = Some(author.clone());
    known(&mut pull.commits).push(CommitIdentity { oid, authors: vec![author], committer, signature: None });
}
