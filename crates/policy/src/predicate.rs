//! The conditions that a rule's `when` may name, one condition a file.
//!
//! All conditions of a rule must hold for it to apply. A condition whose facts are unknown is *undetermined*: the
//! rule then blocks with the reason, for it might apply.

mod agents;
mod branches;
mod changes;
mod draft;
mod files;
mod labels;
mod lines;
mod modes;
mod number;
mod only_paths;
mod paths;
mod repos;

use std::collections::BTreeSet;

use change::{Class, ClassTable, FileChange, Kinds};

use crate::complaint::Complaints;
use crate::facts::{Fact, Lines, Pull, Repository};
use crate::rules::read::Table;
use crate::rules::shelf::{Hits, PathSet, Shelf, Slot};
use crate::verdict::Evidence;

/// What a condition is judged on: one pull request, with its files classified and matched once for all rules.
#[derive(Debug)]
pub(crate) struct Scene<'f> {
    pub(crate) repository: &'f Repository,
    pub(crate) pull: &'f Pull,
    pub(crate) files: Fact<Touched<'f>>,
    /// Registered agents that had a hand in it.
    pub(crate) agents: BTreeSet<String>,
}

/// The changed files, and what they are all together: a rule that none of them concerns need not ask each.
#[derive(Debug)]
pub(crate) struct Touched<'f> {
    files: Vec<Classified<'f>>,
    /// The classes of each kind of file.
    kinds: Vec<BTreeSet<Class>>,
    hits: Hits,
}

impl<'f> Touched<'f> {
    /// Classifies and matches each file once for all rules.
    pub(crate) fn of(files: &'f [FileChange], classes: &ClassTable, paths: &PathSet) -> Self {
        let mut kinds = Kinds::new(classes);
        let classify = |(file, hits)| Classified { file, kind: kinds.of(file), hits };
        let files: Vec<_> = files.iter().zip(paths.hits(files.iter())).map(classify).collect();
        let hits = Hits::union(files.iter().map(|file| &file.hits));
        Self { files, kinds: kinds.into_classes(), hits }
    }

    /// The files of one of the classes.
    pub(crate) fn of_classes(&self, wanted: &[Class]) -> Proof {
        let is_wanted = |classes: &BTreeSet<Class>| wanted.iter().any(|class| classes.contains(class));
        let kinds: Vec<bool> = self.kinds.iter().map(is_wanted).collect();
        if !kinds.contains(&true) {
            return Proof::default();
        }
        self.those(|file| kinds.get(file.kind) == Some(&true))
    }

    /// The files that match one of these patterns, and none of those.
    fn matching(&self, any: &Slot, except: Option<&Slot>) -> Proof {
        if !self.hits.any_of(any) {
            return Proof::default();
        }
        self.those(|file| file.hits.any_of(any) && !except.is_some_and(|except| file.hits.any_of(except)))
    }

    /// Whether there are files and each of them matches one of the patterns.
    fn all_match(&self, slot: &Slot) -> bool {
        self.hits.any_of(slot) && self.files.iter().all(|file| file.hits.any_of(slot))
    }

    fn those(&self, hit: impl Fn(&Classified<'_>) -> bool) -> Proof {
        let mut hits = self.files.iter().filter(|file| hit(file));
        let evidence: Vec<_> = hits.by_ref().take(MOST_EVIDENCE).map(|file| self.evidence(file)).collect();
        Proof { total: evidence.len() + hits.count(), evidence }
    }

    fn evidence(&self, file: &Classified<'_>) -> Evidence {
        let classes = self.kinds.get(file.kind).cloned().unwrap_or_default();
        Evidence::Path { path: file.file.path.clone(), classes }
    }
}

/// A changed file, what kind it is of and the patterns it matches.
#[derive(Debug)]
pub(crate) struct Classified<'f> {
    pub(crate) file: &'f FileChange,
    kind: usize,
    /// Which path patterns of the rules it matches.
    hits: Hits,
}

/// What a condition says of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds, and why.
    Holds(Proof),
    /// It does not hold.
    Fails,
    /// Its facts are unknown; the text says which and why.
    Undetermined(String),
}

/// Why a condition holds: a few pieces of evidence, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) total: usize,
}

/// A verdict must stay readable and storable however large the change is.
const MOST_EVIDENCE: usize = 100;

impl Proof {
    /// One sentence.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self { evidence: vec![Evidence::Note(text.into())], total: 1 }
    }

    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.total += other.total;
        let room = MOST_EVIDENCE.saturating_sub(self.evidence.len());
        self.evidence.extend(other.evidence.into_iter().take(room));
        self
    }
}

impl Scene<'_> {
    /// Holds when at least one changed file is a hit.
    fn any_file(&self, hits: impl FnOnce(&Touched<'_>) -> Proof) -> Outcome {
        let proof = match self.files.get() {
            Ok(files) => hits(files),
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if proof.total == 0 { Outcome::Fails } else { Outcome::Holds(proof) }
    }
}

/// One condition of a rule.
#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    Agents(agents::Agents),
    Branches(branches::Branches),
    Changes(changes::Changes),
    Draft(draft::Draft),
    Files(files::Files),
    Labels(labels::Labels),
    Lines(lines::ChangedLines),
    Modes(modes::Modes),
    OnlyPaths(only_paths::OnlyPaths),
    Paths(paths::Paths),
    Repos(repos::Repos),
}

impl Predicate {
    /// Reads the conditions of a `when` table, in a fixed order: cheap ones first.
    pub(crate) fn parse_all(
        when: &mut Table<'_>,
        known: &Known<'_>,
        shelf: &mut Shelf,
        complaints: &mut Complaints<'_>,
    ) -> Vec<Self> {
        let parsed = [
            repos::Repos::parse(when, complaints).map(Self::Repos),
            branches::Branches::parse(when, complaints).map(Self::Branches),
            agents::Agents::parse(when, known, complaints).map(Self::Agents),
            draft::Draft::parse(when, complaints).map(Self::Draft),
            labels::Labels::parse(when, complaints).map(Self::Labels),
            files::Files::parse(when, complaints).map(Self::Files),
            lines::ChangedLines::parse(when, complaints).map(Self::Lines),
            modes::Modes::parse(when, complaints).map(Self::Modes),
            changes::Changes::parse(when, known, complaints).map(Self::Changes),
            paths::Paths::parse(when, shelf, complaints).map(Self::Paths),
            only_paths::OnlyPaths::parse(when, shelf, complaints).map(Self::OnlyPaths),
        ];
        parsed.into_iter().flatten().collect()
    }

    /// What the condition says of a scene. Total: whatever the facts, there is an outcome.
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        match self {
            Self::Agents(condition) => condition.judge(scene),
            Self::Branches(condition) => condition.judge(scene),
            Self::Changes(condition) => condition.judge(scene),
            Self::Draft(condition) => condition.judge(scene),
            Self::Files(condition) => condition.judge(scene),
            Self::Labels(condition) => condition.judge(scene),
            Self::Lines(condition) => condition.judge(scene),
            Self::Modes(condition) => condition.judge(scene),
            Self::OnlyPaths(condition) => condition.judge(scene),
            Self::Paths(condition) => condition.judge(scene),
            Self::Repos(condition) => condition.judge(scene),
        }
    }

    /// Whether the condition needs changed lines to be counted.
    pub(crate) fn lines(&self) -> Lines {
        match self {
            Self::Lines(_) => Lines::Count,
            _ => Lines::Skip,
        }
    }
}

/// Names that other parts of the file define and conditions may refer to.
#[derive(Debug)]
pub(crate) struct Known<'n> {
    pub(crate) agents: &'n [String],
    pub(crate) classes: &'n [String],
}
