//! Which classes a changed path belongs to.
//!
//! Decided by path and mode alone. A path may have several classes; one that has none is `source`. The built-in table can
//! be extended and never shrunk, so the governance and steering floors hold whatever `rules.toml` says.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::{FileChange, Globs, Mode, glob};

mod builtin;
mod fold;
mod kinds;

pub(crate) use builtin::is_program;
pub use kinds::Kinds;
use kinds::Walks;

/// The name of a class: a built-in one or one that `rules.toml` adds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Class(Cow<'static, str>);

macro_rules! classes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal),+ $(,)?) => {
        impl Class {
            $($(#[$doc])+ pub const $name: Self = Self(Cow::Borrowed($text));)+

            /// Every class that path and mode can decide.
            pub const BUILTIN: &[Self] = &[$(Self::$name),+];
        }
    };
}

classes! {
    /// Whatever is nothing else.
    SOURCE = "source",
    /// Tests and their data.
    TESTS = "tests",
    /// What only people read.
    DOCS = "docs",
    /// What runs in pipelines, with their secrets.
    CI = "ci",
    /// What runs when the project is built.
    BUILD = "build",
    /// What is pulled in from elsewhere.
    DEPENDENCIES = "dependencies",
    /// What machines and services are made from.
    INFRASTRUCTURE = "infrastructure",
    /// What decides how a release is made.
    RELEASE = "release",
    /// What decides who may change what: the gate's own floor.
    GOVERNANCE = "governance",
    /// What decides how the next agent run behaves.
    STEERING = "steering",
    /// A symbolic link on either side.
    SYMLINK = "symlink",
    /// A submodule on either side, or the list of them.
    SUBMODULE = "submodule",
}

impl Class {
    /// Parses a name: lower-case letters, digits and inner hyphens, at most 40.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let fits = !text.is_empty() && text.len() <= 40 && !text.starts_with('-') && !text.ends_with('-');
        (plain && fits).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Class {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{}` is no name for a class", text.escape_debug()))
    }
}

impl From<Class> for String {
    fn from(class: Class) -> Self {
        class.0.into_owned()
    }
}

/// All patterns with the class each one gives.
#[derive(Debug, Clone)]
pub struct ClassTable {
    builtin: Arc<Builtin>,
    /// What `rules.toml` adds, matched as written.
    added: Vec<Added>,
}

/// Patterns that `rules.toml` adds to a class.
#[derive(Debug, Clone)]
struct Added {
    class: Class,
    /// As in [`Class::BUILTIN`], or after those; one for each class.
    number: usize,
    globs: Globs,
}

/// The part that is the same everywhere.
#[derive(Debug)]
struct Builtin {
    /// Lower-case patterns, matched against lower-cased paths: `agents.MD` steers an agent as well.
    globs: Globs,
    /// Where the class of each pattern stands in [`Class::BUILTIN`].
    numbers: Vec<usize>,
}

impl ClassTable {
    /// The table that every installation starts from.
    #[must_use]
    pub fn builtin() -> Self {
        static TABLE: LazyLock<Arc<Builtin>> = LazyLock::new(|| {
            let (numbers, patterns): (Vec<usize>, Vec<&str>) =
                builtin::entries().filter_map(|(class, pattern)| Some((number(&class)?, pattern))).unzip();
            // A test compiles them. Were one refused all the same, every path would have every class: no floor gone.
            let globs = Globs::compile(&patterns).unwrap_or_else(|_| Globs::everything(&patterns));
            Arc::new(Builtin { globs, numbers })
        });
        Self { builtin: Arc::clone(&TABLE), added: Vec::new() }
    }

    /// Adds patterns to a class, built-in or new. There is no way to take any away.
    pub fn extend(&mut self, class: Class, globs: &Globs) {
        let number = self.number(&class).unwrap_or(Class::BUILTIN.len() + self.added.len());
        self.added.push(Added { class, number, globs: globs.clone() });
    }

    /// Whether the class exists: built in, or added by [`Self::extend`].
    #[must_use]
    pub fn knows(&self, class: &Class) -> bool {
        Class::BUILTIN.contains(class) || self.added.iter().any(|added| added.class == *class)
    }

    /// All classes of one changed path, at least one.
    #[must_use]
    pub fn classify(&self, file: &FileChange) -> BTreeSet<Class> {
        let mut kinds = Kinds::new(self);
        kinds.of(file);
        kinds.into_classes().into_iter().next().unwrap_or_default()
    }

    /// Each class that is not `source` by default, with the pattern or mode that gave it.
    pub fn reasons<'a>(&'a self, file: &FileChange) -> impl Iterator<Item = (&'a Class, &'a str)> + use<'a> {
        let mut found = Vec::new();
        self.each_reason(file, &mut Walks::new(self), |number, why| found.push((number, why)));
        found.into_iter().filter_map(|(number, why)| Some((self.class(number)?, why)))
    }

    fn each_reason<'a>(
        &'a self,
        file: &FileChange,
        walks: &mut Walks<'a>,
        mut found: impl FnMut(usize, &'a str),
    ) {
        let path = file.path.as_bytes();
        let modes = [file.old_mode, file.new_mode];
        if modes.contains(&Mode::Symlink) {
            number(&Class::SYMLINK).into_iter().for_each(|number| found(number, "mode 120000"));
        }
        if modes.contains(&Mode::Submodule) {
            number(&Class::SUBMODULE).into_iter().for_each(|number| found(number, "mode 160000"));
        }
        walks.lower.clear();
        walks.lower.extend(path.iter().map(u8::to_ascii_lowercase));
        self.builtin.of(&walks.lower, &mut walks.builtin, &mut found);
        if let Some(folded) = fold::as_file_systems_do(path) {
            // A disguised name must not gain a class that rules are kinder to.
            let is_strict = |number: usize| Class::BUILTIN.get(number).is_some_and(|class| !is_kind(class));
            self.builtin.of(&folded, &mut walks.builtin, |number, why| {
                if is_strict(number) {
                    found(number, why);
                }
            });
        }
        for (Added { number, globs, .. }, walk) in self.added.iter().zip(&mut walks.added) {
            let first = walk.matching(path).first();
            if let Some(pattern) = first.and_then(|at| globs.patterns().get(*at)) {
                found(*number, pattern);
            }
        }
    }

    /// The number of a class that exists.
    fn number(&self, class: &Class) -> Option<usize> {
        let added = || self.added.iter().find(|added| added.class == *class).map(|added| added.number);
        number(class).or_else(added)
    }

    /// The class by its number: the built-in ones first, then those that were added.
    fn class(&self, number: usize) -> Option<&Class> {
        let added = || self.added.iter().find(|added| added.number == number).map(|added| &added.class);
        Class::BUILTIN.get(number).or_else(added)
    }
}

impl Builtin {
    fn of<'a>(&'a self, path: &[u8], walk: &mut glob::Walk<'_>, mut found: impl FnMut(usize, &'a str)) {
        for at in walk.matching(path) {
            if let (Some(number), Some(pattern)) = (self.numbers.get(*at), self.globs.patterns().get(*at)) {
                found(*number, pattern);
            }
        }
    }
}

/// Where a built-in class stands in [`Class::BUILTIN`].
fn number(class: &Class) -> Option<usize> {
    Class::BUILTIN.iter().position(|known| known == class)
}

/// Classes that rules tend to be kinder to than to `source`.
fn is_kind(class: &Class) -> bool {
    *class == Class::DOCS || *class == Class::TESTS
}

#[cfg(test)]
mod tests;
