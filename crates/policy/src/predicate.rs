//! The conditions that a rule's `when` may name, one condition a file.
//!
//! All conditions of a rule must hold for it to apply. A condition whose facts are unknown is *undetermined*: the
//! rule then blocks with the reason, for it might apply.

mod agents;
mod branches;
mod changes;
mod created;
mod deleted;
mod draft;
mod environments;
mod events;
mod files;
mod forced;
mod fork;
mod labels;
mod lines;
mod modes;
mod number;
mod only_paths;
mod paths;
mod repos;
mod rerun;
mod runners;
mod signed;
mod tags;
mod workflow_changed;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};

use change::{Change, Class, ClassTable, FileChange, Globs, Kinds};

use crate::act::{Move, RefName, Run, RunFacts};
use crate::complaint::Complaints;
use crate::facts::{Fact, Lines, Pull, Repository};
use crate::reference::Record;
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::{Hits, PathSet, Shelf, Slot};
use crate::verdict::Evidence;

/// What a condition is judged on: one thing that was done, with its files classified and matched once for all rules.
#[derive(Debug)]
pub(crate) struct Scene<'f> {
    pub(crate) repository: &'f Repository,
    pub(crate) about: About<'f>,
    pub(crate) files: Fact<Touched<'f>>,
    /// Registered agents that had a hand in it.
    pub(crate) agents: BTreeSet<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About<'f> {
    /// A change was proposed.
    Pull(&'f Pull),
    /// A branch or tag was moved.
    Move(&'f Move, &'f RefName),
    /// A workflow runs.
    Run(&'f RunFacts),
    /// Something is deployed or published.
    Shipped(Shipped<'f>),
    /// What guards a repository became looser.
    Guard,
}

/// Something that is deployed or published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shipped<'f> {
    /// Where it is deployed to.
    pub(crate) environment: Option<&'f str>,
    /// The tag of a release.
    pub(crate) tag: Option<&'f str>,
}

impl<'f> About<'f> {
    /// The branch that it lands on; `None` when that is no branch.
    pub(crate) fn branch(self) -> Option<&'f str> {
        match self {
            Self::Pull(pull) => Some(&pull.base.name),
            Self::Move(_, name) => name.branch(),
            Self::Run(facts) => facts.run.branch.as_deref(),
            Self::Shipped(_) | Self::Guard => None,
        }
    }

    /// The tag that was touched.
    pub(crate) fn tag(self) -> Option<&'f str> {
        match self {
            Self::Pull(_) | Self::Run(_) | Self::Guard => None,
            Self::Move(_, name) => name.tag(),
            Self::Shipped(shipped) => shipped.tag,
        }
    }

    /// What changed, where anything could.
    pub(crate) fn change(self) -> Option<&'f Fact<Change>> {
        match self {
            Self::Pull(pull) => Some(&pull.change),
            Self::Move(moved, _) => Some(&moved.change),
            Self::Run(_) | Self::Shipped(_) | Self::Guard => None,
        }
    }

    /// The move of a branch or tag, when it is one.
    pub(crate) fn moved(self) -> Option<&'f Move> {
        match self {
            Self::Move(moved, _) => Some(moved),
            Self::Pull(_) | Self::Run(_) | Self::Shipped(_) | Self::Guard => None,
        }
    }

    /// What is known around the run, when it is one.
    pub(crate) fn around_run(self) -> Option<&'f RunFacts> {
        match self {
            Self::Run(facts) => Some(facts),
            Self::Pull(_) | Self::Move(..) | Self::Shipped(_) | Self::Guard => None,
        }
    }

    /// The environments that are deployed to.
    pub(crate) fn environments(self) -> Fact<Vec<&'f str>> {
        match self {
            Self::Pull(_) | Self::Move(..) | Self::Guard => Fact::Known(Vec::new()),
            Self::Shipped(shipped) => Fact::Known(shipped.environment.into_iter().collect()),
            Self::Run(facts) => match &facts.environments {
                Fact::Known(names) => Fact::Known(names.iter().map(String::as_str).collect()),
                Fact::Unknown(why) => Fact::Unknown(why.clone()),
            },
        }
    }

    /// The run, when it is one.
    pub(crate) fn run(self) -> Option<&'f Run> {
        self.around_run().map(|facts| &facts.run)
    }
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
    /// Classifies and matches each file once for all rules. What stands at `governs` is governance as well.
    pub(crate) fn of(
        files: &'f [FileChange],
        classes: &ClassTable,
        paths: &PathSet,
        governs: Option<&str>,
    ) -> Self {
        let governs = governs.map(str::as_bytes);
        let mut kinds = Kinds::new(classes);
        let classify = |(file, hits): (&'f FileChange, Hits)| {
            let kind = match governs {
                Some(path) if file.path.as_bytes().eq_ignore_ascii_case(path) => {
                    kinds.of_with(file, &Class::GOVERNANCE)
                }
                _ => kinds.of(file),
            };
            Classified { file, kind, hits }
        };
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

    /// How many lines of each class differ, as far as the files were counted.
    pub(crate) fn lines(&self) -> BTreeMap<&Class, Option<u64>> {
        let mut sums: BTreeMap<&Class, Option<u64>> = BTreeMap::new();
        for file in &self.files {
            for class in self.kinds.get(file.kind).into_iter().flatten() {
                let sum = sums.entry(class).or_insert(Some(0));
                *sum = sum.zip(file.file.lines).map(|(sum, lines)| sum.saturating_add(lines));
            }
        }
        sums
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

    /// Every file with its classes.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'f FileChange, &BTreeSet<Class>)> {
        self.files.iter().filter_map(|file| Some((file.file, self.kinds.get(file.kind)?)))
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

/// One kind of condition: how it is written, documented, judged and told.
///
/// There is no condition without a [`Record`]: the reference, the schema and the tests are made from it.
pub(crate) trait Condition: Sized {
    /// What people read about it.
    const RECORD: Record;

    /// Reads it from a `when` table, if it is there.
    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self>;

    /// What it says of a scene. Total: whatever the facts, there is an outcome.
    fn judge(&self, scene: &Scene<'_>) -> Outcome;

    /// What it asks of a change, to stand behind "changes that": "touch `infra/**`". Everything that it was
    /// written with is in it, so that two that say the same are the same.
    fn words(&self, paths: &PathSet) -> String;

    /// Whether it needs changed lines to be counted.
    fn lines(&self) -> Lines {
        Lines::Skip
    }
}

/// What reading a condition may look at and add to.
#[derive(Debug)]
pub(crate) struct Reading<'r, 't> {
    pub(crate) known: &'r Known<'r>,
    pub(crate) shelf: &'r mut Shelf,
    pub(crate) complaints: &'r mut Complaints<'t>,
}

macro_rules! conditions {
    ($($kind:ident: $condition:ty),+ $(,)?) => {
        /// One condition of a rule.
        #[derive(Debug, Clone)]
        pub(crate) enum Predicate {
            $($kind($condition),)+
        }

        /// The records of all conditions, in the order in which they are judged.
        pub(crate) const RECORDS: &[Record] = &[$(<$condition as Condition>::RECORD),+];

        impl Predicate {
            /// Reads the conditions of a `when` table, in a fixed order: cheap ones first.
            pub(crate) fn parse_all(
                when: &mut Table<'_>,
                known: &Known<'_>,
                shelf: &mut Shelf,
                complaints: &mut Complaints<'_>,
            ) -> Vec<Self> {
                let reading = &mut Reading { known, shelf, complaints };
                let parsed = [$(<$condition as Condition>::parse(when, reading).map(Self::$kind)),+];
                parsed.into_iter().flatten().collect()
            }

            /// What the condition says of a scene. Total: whatever the facts, there is an outcome.
            pub(crate) fn judge(&self, scene: &Scene<'_>) -> Outcome {
                match self {
                    $(Self::$kind(condition) => condition.judge(scene),)+
                }
            }

            /// What it asks of a change, to stand behind "changes that".
            pub(crate) fn words(&self, paths: &PathSet) -> String {
                match self {
                    $(Self::$kind(condition) => condition.words(paths),)+
                }
            }

            /// Whether the condition needs changed lines to be counted.
            pub(crate) fn lines(&self) -> Lines {
                match self {
                    $(Self::$kind(condition) => condition.lines(),)+
                }
            }
        }
    };
}

conditions! {
    Repos: repos::Repos,
    Branches: branches::Branches,
    Agents: agents::Agents,
    Draft: draft::Draft,
    Labels: labels::Labels,
    Tags: tags::Tags,
    Forced: forced::Forced,
    Created: created::Created,
    Deleted: deleted::Deleted,
    Signed: signed::Signed,
    Events: events::Events,
    Workflows: workflows::Workflows,
    Rerun: rerun::Rerun,
    Fork: fork::Fork,
    WorkflowChanged: workflow_changed::WorkflowChanged,
    Runners: runners::Runners,
    Environments: environments::Environments,
    Files: files::Files,
    Lines: lines::ChangedLines,
    Modes: modes::Modes,
    Changes: changes::Changes,
    Paths: paths::Paths,
    OnlyPaths: only_paths::OnlyPaths,
}

impl Predicate {
    /// The classes that it asks for.
    pub(crate) fn classes(&self) -> &[Class] {
        match self {
            Self::Changes(condition) => condition.classes(),
            _ => &[],
        }
    }

    /// The agents that it asks for.
    pub(crate) fn agents(&self) -> Option<&[String]> {
        match self {
            Self::Agents(condition) => Some(condition.names()),
            _ => None,
        }
    }

    /// Whether the labels of runners must be seen to judge it.
    pub(crate) fn needs_runners(&self) -> bool {
        matches!(self, Self::Runners(_))
    }

    /// Whether the environments of jobs must be seen to judge it.
    pub(crate) fn needs_environments(&self) -> bool {
        matches!(self, Self::Environments(_))
    }

    /// The repositories that it asks for.
    pub(crate) fn repos(&self) -> Option<&Globs> {
        match self {
            Self::Repos(condition) => Some(condition.globs()),
            _ => None,
        }
    }

    /// Whether what changed must be seen to judge it.
    pub(crate) fn needs_the_change(&self) -> bool {
        self.needs_a_file() || matches!(self, Self::Files(_) | Self::Lines(_) | Self::Signed(_))
    }

    /// Whether it only holds when some file changes.
    pub(crate) fn needs_a_file(&self) -> bool {
        matches!(self, Self::Changes(_) | Self::Paths(_) | Self::OnlyPaths(_) | Self::Modes(_))
    }

    /// Whether it only holds when no file changes.
    pub(crate) fn allows_no_file(&self) -> bool {
        matches!(self, Self::Files(condition) if condition.allows_none())
    }
}

/// What a condition can be asked of, when there is one by that key.
pub(crate) fn asked_of(key: &str) -> Option<&'static [On]> {
    RECORDS.iter().find(|record| record.key.name == key).map(|record| record.on)
}

/// Names that other parts of the file define and conditions may refer to.
#[derive(Debug)]
pub(crate) struct Known<'n> {
    pub(crate) agents: &'n [String],
    pub(crate) classes: &'n [String],
}
