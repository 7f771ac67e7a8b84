//! Many files sorted into kinds: files of one kind have the same classes.
//!
//! A change has thousands of files and few kinds, so what is asked of classes is asked of each kind once, and no file
//! holds a set of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Class, ClassTable, builtin, number};
use crate::{FileChange, glob};

/// Kinds of files, as far as they have come up.
#[derive(Debug)]
pub struct Kinds<'t> {
    table: &'t ClassTable,
    /// Class numbers, ascending, and the kind that has them.
    known: BTreeMap<Box<[usize]>, usize>,
    classes: Vec<BTreeSet<Class>>,
    walks: Walks<'t>,
    numbers: Vec<usize>,
    docs: Option<usize>,
    source: Option<usize>,
}

/// Walks of a table's patterns, one file after another.
#[derive(Debug)]
pub(super) struct Walks<'t> {
    pub(super) lower: Vec<u8>,
    pub(super) builtin: glob::Walk<'t>,
    pub(super) added: Vec<glob::Walk<'t>>,
}

impl<'t> Walks<'t> {
    pub(super) fn new(table: &'t ClassTable) -> Self {
        let added = table.added.iter().map(|added| added.globs.walk()).collect();
        Self { lower: Vec::new(), builtin: table.builtin.globs.walk(), added }
    }
}

impl<'t> Kinds<'t> {
    /// No kinds yet.
    #[must_use]
    pub fn new(table: &'t ClassTable) -> Self {
        let (docs, source) = (number(&Class::DOCS), number(&Class::SOURCE));
        let (known, classes) = (BTreeMap::new(), Vec::new());
        Self { table, known, classes, walks: Walks::new(table), numbers: Vec::new(), docs, source }
    }

    /// The kind of one changed path: its place in [`Self::into_classes`].
    pub fn of(&mut self, file: &FileChange) -> usize {
        self.classify(file);
        self.kind()
    }

    /// The same for a file that has one more class.
    pub fn of_with(&mut self, file: &FileChange, also: &Class) -> usize {
        self.classify(file);
        self.numbers.extend(self.table.number(also));
        self.numbers.sort_unstable();
        self.numbers.dedup();
        self.kind()
    }

    /// Finds the numbers of the file's classes.
    fn classify(&mut self, file: &FileChange) {
        let Self { table, walks, numbers, .. } = self;
        numbers.clear();
        table.each_reason(file, walks, |number, _| numbers.push(number));
        numbers.sort_unstable();
        numbers.dedup();
        let only_docs = || numbers.len() == 1 && numbers.first() == self.docs.as_ref();
        if numbers.is_empty() || (only_docs() && builtin::is_program(file.path.as_bytes())) {
            numbers.extend(self.source);
            numbers.sort_unstable();
        }
    }

    /// The kind with these numbers.
    fn kind(&mut self) -> usize {
        let Self { table, numbers, .. } = self;
        if let Some(kind) = self.known.get(&numbers[..]) {
            return *kind;
        }
        let kind = self.classes.len();
        self.classes.push(numbers.iter().filter_map(|number| table.class(*number)).cloned().collect());
        self.known.insert(numbers.as_slice().into(), kind);
        kind
    }

    /// The classes of each kind, at least one.
    #[must_use]
    pub fn into_classes(self) -> Vec<BTreeSet<Class>> {
        self.classes
    }
}
