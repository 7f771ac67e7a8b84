//! The path patterns of all rules as one set, so that each changed path is matched once however many rules there are.
//!
//! Conditions keep only where their patterns stand in the set.

use std::collections::BTreeSet;
use std::ops::Range;

use change::{FileChange, Globs};

use crate::complaint::{Code, Complaints};

/// Where the patterns of one condition stand in the set of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot(Range<usize>);

/// Collects patterns while rules are read.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    patterns: Vec<String>,
}

impl Shelf {
    /// Adds the patterns of one condition.
    pub(crate) fn put(&mut self, globs: &Globs) -> Slot {
        let start = self.patterns.len();
        self.patterns.extend_from_slice(globs.patterns());
        Slot(start..self.patterns.len())
    }

    /// Compiles all patterns together.
    pub(crate) fn compile(self, complaints: &mut Complaints<'_>) -> PathSet {
        if self.patterns.is_empty() {
            return PathSet { globs: None };
        }
        let globs = Globs::compile(&self.patterns);
        // Each condition compiled by itself, so only all of them together can be too much.
        if let Err(refused) = &globs {
            let why = refused.first().map(|(_, error)| error.to_string()).unwrap_or_default();
            complaints.error(
                Code::TooManyPatterns,
                0..0,
                format!("the path patterns of all rules together cannot be used: {why}"),
                "Join patterns with `**` and `{a,b}`, or collect paths under `[classes.NAME]`.",
            );
        }
        PathSet { globs: globs.ok() }
    }
}

/// The path patterns of all rules.
#[derive(Debug, Clone)]
pub(crate) struct PathSet {
    globs: Option<Globs>,
}

impl PathSet {
    /// The patterns of one condition, as written.
    pub(crate) fn patterns(&self, slot: &Slot) -> &[String] {
        let all = self.globs.as_ref().map(Globs::patterns).unwrap_or_default();
        all.get(slot.0.clone()).unwrap_or_default()
    }

    /// What each changed path matches, in order.
    pub(crate) fn hits<'f>(&self, files: impl Iterator<Item = &'f FileChange>) -> impl Iterator<Item = Hits> {
        let mut walk = self.globs.as_ref().map(Globs::walk);
        files.map(move |file| match &mut walk {
            Some(walk) => Hits(walk.matching(file.path.as_bytes()).to_vec()),
            None => Hits::default(),
        })
    }
}

/// The patterns that a path matches, or one of several paths, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hits(Vec<usize>);

impl Hits {
    /// Everything that is in one of them.
    pub(crate) fn union<'h>(all: impl Iterator<Item = &'h Self>) -> Self {
        let union: BTreeSet<usize> = all.flat_map(|hits| hits.0.iter().copied()).collect();
        Self(union.into_iter().collect())
    }

    /// Whether one of the condition's patterns is among them.
    pub(crate) fn any_of(&self, slot: &Slot) -> bool {
        let first = self.0.partition_point(|at| *at < slot.0.start);
        self.0.get(first).is_some_and(|at| *at < slot.0.end)
    }
}
