//! A case's facts: what it says, and for all it does not say what would be usual.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use change::{Change, Class, Commit, FileChange, Ident, Lines, Mode, RawPath, Sha, Status, Trailer};
use policy::facts::{
    Account, AccountKind, Branch, Comment, CommitIdentity, Counted, Group, Linked, OwnRules, Person, Pull,
    PullState, Repository, Review, ReviewState, Roster, RulesText,
};
use policy::rules::{RuleSource, Rules};
use policy::{Fact, Facts, Millis, RepoId, RepoName, UserId};

use super::{Case, ChangedPath, GivenApproval, Happened, Kind, Law, ToldApproval, ToldPath, known};

/// The facts of a case.
pub(super) fn of(case: &Case, law: &Law) -> Result<Facts, String> {
    let rules = &*law.rules;
    let name = RepoName::parse(&case.repository);
    let name = name.ok_or_else(|| format!("`{}` is not `owner/name`", case.repository.escape_debug()))?;
    let repository = Repository { id: RepoId(1), name };
    let mut cast = Cast { rules, logins: BTreeMap::new(), groups: BTreeMap::new() };
    let author = cast.account(&case.actor)?;
    let (now, mut reviews, mut comments) = (now(case)?, Vec::new(), Vec::new());
    for (number, given) in (1..).zip(&case.approvals) {
        match approval(number, given, now, &mut cast)? {
            Said::Review(review) => reviews.push(review),
            Said::Comment(comment) => comments.push(comment),
        }
    }
    // As long ago as the case says, and else for ever: what waits is told to wait.
    let head_since = case.head_minutes.map_or(Millis(i64::MIN), |minutes| before(now, minutes, MINUTE));
    let pull = Pull {
        number: 1,
        node: String::new(),
        title: case.name.clone(),
        body: String::new(),
        state: PullState::Open,
        draft: case.draft,
        updated_at: Millis(0),
        author: known(author.clone()),
        base: Branch { name: case.base.clone().unwrap_or_else(|| "main".to_owned()), sha: sha('b')? },
        head: Branch { name: case.branch.clone().unwrap_or_else(|| "work".to_owned()), sha: sha('a')? },
        head_repository: Some(repository.clone()),
        labels: known(case.labels.clone()),
        auto_merge: None,
        commits: known(vec![identity(&author)?]),
        reviews: known(reviews),
        pushers: known(vec![author.clone()]),
        change: known(change(case, &author)?),
        comments: known(comments),
        assignments: known(Vec::new()),
        carried: Vec::new(),
        lineage: known(Vec::new()),
        hidden: known(Vec::new()),
        head_since: Some(head_since),
        opened_at: None,
        tally: Some(known(tally(case, &repository, now, rules)?)),
        proposed_rules: Vec::new(),
    };
    let newest = match &law.own {
        Some(text) => Some(RulesText { blob: sha('f')?, text: text.clone() }),
        None => None,
    };
    let own_rules = known(OwnRules { newest, ..OwnRules::default() });
    let wanted = RuleSource::good(Arc::clone(&law.rules)).wanted(&own_rules);
    let roster = cast.roster(wanted.groups);
    Ok(Facts { now, repository, pull, siblings: known(Vec::new()), roster, own_rules })
}

/// What else the agent did. Each stands for itself: what is open was opened long ago, what was opened today is closed,
/// and what changed lines today is merged.
fn tally(case: &Case, repository: &Repository, now: Millis, rules: &Rules) -> Result<Vec<Counted>, String> {
    let Some(beside) = &case.beside else { return Ok(Vec::new()) };
    let long_ago = 30 * 24 * 60;
    let open = (0..beside.open).map(|_| (PullState::Open, long_ago, BTreeMap::new()));
    let today = (0..beside.opened_today).map(|_| (PullState::Closed, 60, BTreeMap::new()));
    let mut all: Vec<_> = open.chain(today).collect();
    for (name, lines) in &beside.lines_today {
        let class = Class::parse(name).filter(|class| rules.classes.knows(class));
        let class = class.ok_or_else(|| format!("no change class is called `{}`", name.escape_debug()))?;
        all.push((PullState::Merged, long_ago, BTreeMap::from([(class, *lines)])));
    }
    let other = |((state, minutes, lines), number)| Counted {
        repository: repository.clone(),
        number,
        opened_at: before(now, minutes, MINUTE),
        earlier: true,
        state,
        ended_at: (state != PullState::Open).then_some(before(now, 1, MINUTE)),
        lines: known(lines),
    };
    Ok(all.into_iter().zip(2..).map(other).collect())
}

fn now(case: &Case) -> Result<Millis, String> {
    let Some(day) = case.on else { return Ok(Millis(0)) };
    let date: jiff::civil::Date = day.to_string().parse().map_err(|_| format!("`on = {day}` is no date"))?;
    let noon = date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(Millis(noon.timestamp().as_millisecond()))
}

fn sha(digit: char) -> Result<Sha, String> {
    let hex = digit.to_string().repeat(40);
    Sha::parse(&hex).ok_or_else(|| format!("`{hex}` is no object id"))
}

/// Everybody who appears, each login with one number.
struct Cast<'r> {
    rules: &'r Rules,
    logins: BTreeMap<String, UserId>,
    groups: BTreeMap<Group, BTreeSet<UserId>>,
}

/// Numbers of invented people: far above any that GitHub has given out.
const INVENTED: u64 = 1 << 60;

impl Cast<'_> {
    fn account(&mut self, text: &str) -> Result<Account, String> {
        if let Some(login) = text.strip_prefix('@') {
            return Ok(self.person(login));
        }
        if let Some(login) = text.strip_prefix('?') {
            let login = format!("{login}[bot]");
            return Ok(Account { id: self.number(&login), login, kind: AccountKind::Bot });
        }
        let agent = self.rules.agents.get(text).ok_or_else(|| {
            format!(
                "no agent is registered as `{}`; write `@login` for a person, `?name` for an unknown agent",
                text.escape_debug()
            )
        })?;
        let id = agent.accounts.first().ok_or_else(|| format!("agent `{text}` has no account of its own"))?;
        Ok(Account { id: *id, login: text.to_owned(), kind: AccountKind::Bot })
    }

    /// A person whom the rules recognise.
    fn person(&mut self, login: &str) -> Account {
        let id = self.number(login);
        for group in &self.rules.people.members_of {
            self.groups.entry(group.clone()).or_default().insert(id);
        }
        let listed = self.rules.people.members_of.is_empty().then(|| self.rules.people.accounts.first());
        let id = listed.flatten().copied().unwrap_or(id);
        Account { id, login: login.to_owned(), kind: AccountKind::User }
    }

    fn number(&mut self, login: &str) -> UserId {
        let next = UserId(INVENTED + self.logins.len() as u64);
        *self.logins.entry(login.to_owned()).or_insert(next)
    }

    fn roster(self, wanted: BTreeSet<Group>) -> Roster {
        let mut groups = self.groups;
        for group in wanted {
            groups.entry(group).or_default();
        }
        Roster { groups: groups.into_iter().map(|(group, members)| (group, Fact::Known(members))).collect() }
    }
}

/// An approval as it was given.
enum Said {
    Review(Review),
    Comment(Comment),
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn before(now: Millis, number: u32, unit: i64) -> Millis {
    Millis(now.0.saturating_sub(i64::from(number).saturating_mul(unit)))
}

fn approval(number: u64, given: &GivenApproval, now: Millis, cast: &mut Cast<'_>) -> Result<Said, String> {
    let told = match given {
        GivenApproval::By(login) => {
            let (by, teams) = (login.clone(), Vec::new());
            ToldApproval { by, teams, write: true, outdated: false, days_ago: 0, comment: false }
        }
        GivenApproval::Told(told) => told.clone(),
    };
    let registered = cast.rules.agents.contains_key(&told.by);
    let author = match told.by.starts_with(['@', '?']) || registered {
        true => cast.account(&told.by)?,
        false => cast.person(&told.by),
    };
    for team in &told.teams {
        let group = Group::parse(team).ok_or_else(|| format!("`{}` is no team", team.escape_debug()))?;
        cast.groups.entry(group).or_default().insert(author.id);
    }
    let (commit, at) = (sha(if told.outdated { 'c' } else { 'a' })?, before(now, told.days_ago, DAY));
    let (author, can_push) = (known(author), known(told.write));
    Ok(match told.comment {
        false => Said::Review(Review {
            id: number,
            author,
            state: ReviewState::Approved,
            commit: Some(commit),
            can_push,
            at: Some(at),
            dismissal: None,
        }),
        true => Said::Comment(Comment {
            id: number,
            author,
            line: format!("/portcullis approve {commit}"),
            edited: false,
            at,
            can_push,
            by_app: known(false),
        }),
    })
}

fn address(author: &Account) -> String {
    format!("{}+{}@users.noreply.github.com", author.id, author.login)
}

fn identity(author: &Account) -> Result<CommitIdentity, String> {
    let linked = Linked { id: author.id, login: author.login.clone() };
    let account = (author.kind == AccountKind::User).then_some(linked);
    let person = Person { name: author.login.clone(), email: address(author), account };
    Ok(CommitIdentity {
        oid: sha('a')?,
        authors: vec![person.clone()],
        committer: Some(person),
        signature: None,
    })
}

fn change(case: &Case, author: &Account) -> Result<Change, String> {
    let ident = Ident { name: author.login.clone(), email: address(author), at: 0 };
    let trailers = case.trailers.iter().map(|line| trailer(line)).collect::<Result<Vec<_>, _>>()?;
    let commit = Commit {
        oid: sha('a')?,
        parents: vec![sha('b')?],
        author: ident.clone(),
        committer: ident,
        message: format!("{}\n\n{}\n", case.name, case.trailers.join("\n")),
        trailers,
    };
    let mut files = case.paths.iter().map(file).collect::<Result<Vec<_>, _>>()?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    // The lines are those of every file together; spread evenly, what remains in the first.
    let lines = case.lines.unwrap_or(files.len() as u64);
    let count = (files.len() as u64).max(1);
    for (at, file) in (0..count).zip(&mut files) {
        file.lines = Some(lines / count + if at == 0 { lines % count } else { 0 });
    }
    let lines = Some(Lines { added: lines, deleted: 0 });
    Ok(Change { merge_base: Some(sha('b')?), files, commits: vec![commit], lines })
}

fn trailer(line: &str) -> Result<Trailer, String> {
    let (key, value) =
        line.split_once(':').ok_or_else(|| format!("`{line}` is no trailer (`Key: value`)"))?;
    Ok(Trailer { key: key.trim().to_owned(), value: value.trim().to_owned() })
}

fn file(path: &ChangedPath) -> Result<FileChange, String> {
    let told = match path {
        ChangedPath::Edited(path) => {
            ToldPath { path: path.clone(), change: Happened::Modified, mode: Kind::File }
        }
        ChangedPath::Told(told) => told.clone(),
    };
    if told.path.is_empty() || told.path.starts_with('/') {
        return Err(format!("`{}` is no path within a repository", told.path.escape_debug()));
    }
    let mode = match told.mode {
        Kind::File => Mode::File,
        Kind::Executable => Mode::Executable,
        Kind::Symlink => Mode::Symlink,
        Kind::Submodule => Mode::Submodule,
    };
    let (status, old_mode, new_mode) = match told.change {
        Happened::Added => (Status::Added, Mode::Absent, mode),
        // Before the change it was a plain file: a mode other than that is part of the change.
        Happened::Modified if mode == Mode::File => (Status::Modified, Mode::File, mode),
        Happened::Modified if mode == Mode::Executable => (Status::Modified, Mode::File, mode),
        Happened::Modified => (Status::TypeChanged, Mode::File, mode),
        Happened::Deleted => (Status::Deleted, mode, Mode::Absent),
    };
    let old = (old_mode != Mode::Absent).then(|| sha('d')).transpose()?;
    let new = (new_mode != Mode::Absent).then(|| sha('e')).transpose()?;
    Ok(FileChange {
        path: RawPath::from(told.path.as_str()),
        status,
        old_mode,
        new_mode,
        old,
        new,
        lines: None,
    })
}
