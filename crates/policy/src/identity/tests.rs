//! A pull request for the tests of this module to put signs into.

use change::{Change, Commit, Ident};

use crate::facts::{Account, AccountKind, Branch, CommitIdentity, Fact, Person, Pull, PullState};
use crate::ids::{Millis, Sha, UserId};

/// A person's pull request without a sign of an agent, to which tests add one.
pub(super) struct Story {
    pub(super) commits: Vec<Commit>,
    pub(super) listed: Vec<CommitIdentity>,
    pub(super) author: Account,
    pub(super) branch: String,
    pub(super) body: String,
}

pub(super) fn sha(number: u64) -> Sha {
    Sha::parse(&format!("{number:040x}")).unwrap()
}

pub(super) fn person(name: &str, email: &str) -> Person {
    Person { name: name.into(), email: email.into(), account: None }
}

pub(super) fn account(id: u64, login: &str, kind: AccountKind) -> Account {
    Account { id: UserId(id), login: login.into(), kind }
}

pub(super) fn ada() -> Person {
    person("Ada", "7+ada@users.noreply.github.com")
}

impl Default for Story {
    fn default() -> Self {
        let author = account(7, "ada", AccountKind::User);
        Self { commits: vec![], listed: vec![], author, branch: "fix".into(), body: "Fixes it.".into() }
    }
}

impl Story {
    /// Adds a commit as both git and the forge tell of it.
    pub(super) fn commit(mut self, number: u64, author: Person, message: &str) -> Self {
        let ident = Ident { name: author.name.clone(), email: author.email.clone(), at: 0 };
        self.commits.push(Commit {
            oid: sha(number),
            parents: vec![],
            committer: ident.clone(),
            author: ident,
            message: message.into(),
            trailers: vec![],
        });
        let committer = Some(person("GitHub", "noreply@github.com"));
        self.listed.push(CommitIdentity {
            oid: sha(number),
            authors: vec![author],
            committer,
            signature: None,
        });
        self
    }

    pub(super) fn pull(self) -> Pull {
        let change = Change { merge_base: None, files: vec![], commits: self.commits, lines: None };
        Pull {
            number: 1,
            node: String::new(),
            title: String::new(),
            body: self.body,
            state: PullState::Open,
            draft: false,
            updated_at: Millis(0),
            author: Fact::Known(self.author),
            base: Branch { name: "main".into(), sha: sha(900) },
            head: Branch { name: self.branch, sha: sha(901) },
            head_repository: None,
            labels: Fact::Known(vec![]),
            auto_merge: None,
            commits: Fact::Known(self.listed),
            reviews: Fact::Known(vec![]),
            pushers: Fact::Known(vec![]),
            change: Fact::Known(change),
            comments: Fact::Known(Vec::new()),
            assignments: Fact::Known(Vec::new()),
            carried: Vec::new(),
            lineage: Fact::Known(Vec::new()),
            hidden: Fact::Known(Vec::new()),
            head_since: None,
            opened_at: None,
            tally: None,
            proposed_rules: Vec::new(),
        }
    }
}
