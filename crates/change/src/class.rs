//! Which classes a changed path belongs to.
//!
//! Decided by path and mode alone. A path may have several classes; one that has none is `source`. The built-in table can
//! be extended and never shrunk, so the governance and steering floors hold whatever `rules.toml` says.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FileChange, Globs, Mode};

mod builtin;
mod fold;

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
    /// Lower-case patterns, matched against lower-cased paths: `agents.MD` steers an agent as well.
    builtin: Globs,
    /// The class of each built-in pattern.
    classes: Vec<Class>,
    /// What `rules.toml` adds, matched as written.
    added: Vec<(Class, Globs)>,
}

impl ClassTable {
    /// The table that every installation starts from.
    #[must_use]
    pub fn builtin() -> Self {
        static TABLE: std::sync::LazyLock<ClassTable> = std::sync::LazyLock::new(|| {
            let (classes, patterns): (Vec<Class>, Vec<&str>) = builtin::entries().unzip();
            #[expect(clippy::expect_used, reason = "constant data, compiled by a test")]
            let builtin = Globs::compile(&patterns).expect("the built-in patterns compile");
            ClassTable { builtin, classes, added: Vec::new() }
        });
        TABLE.clone()
    }

    /// Adds patterns to a class, built-in or new. There is no way to take any away.
    pub fn extend(&mut self, class: Class, globs: &Globs) {
        self.added.push((class, globs.clone()));
    }

    /// Whether the class exists: built in, or added by [`Self::extend`].
    #[must_use]
    pub fn knows(&self, class: &Class) -> bool {
        Class::BUILTIN.contains(class) || self.added.iter().any(|(added, _)| added == class)
    }

    /// All classes of one changed path, at least one.
    #[must_use]
    pub fn classify(&self, file: &FileChange) -> BTreeSet<Class> {
        let mut classes: BTreeSet<Class> = self.reasons(file).map(|(class, _)| class.clone()).collect();
        if classes.is_empty() || (only_docs(&classes) && builtin::is_program(file.path.as_bytes())) {
            classes.insert(Class::SOURCE);
        }
        classes
    }

    /// Each class that is not `source` by default, with the pattern or mode that gave it.
    pub fn reasons<'a>(&'a self, file: &FileChange) -> impl Iterator<Item = (&'a Class, &'a str)> + use<'a> {
        let path = file.path.as_bytes();
        let modes = [file.old_mode, file.new_mode];
        let mut found = Vec::new();
        if modes.contains(&Mode::Symlink) {
            found.push((&Self::SYMLINK, "mode 120000"));
        }
        if modes.contains(&Mode::Submodule) {
            found.push((&Self::SUBMODULE, "mode 160000"));
        }
        found.extend(self.of_builtin(&path.to_ascii_lowercase()));
        if let Some(folded) = fold::as_file_systems_do(path) {
            // A disguised name must not gain a class that rules are kinder to.
            found.extend(self.of_builtin(&folded).filter(|(class, _)| !is_kind(class)));
        }
        for (class, globs) in &self.added {
            let first = globs.matching(path).first().and_then(|at| globs.patterns().get(*at));
            found.extend(first.map(|pattern| (class, pattern.as_str())));
        }
        found.into_iter()
    }

    const SYMLINK: Class = Class::SYMLINK;
    const SUBMODULE: Class = Class::SUBMODULE;

    fn of_builtin<'a>(&'a self, path: &[u8]) -> impl Iterator<Item = (&'a Class, &'a str)> + use<'a> {
        let hits = self.builtin.matching(path).into_iter();
        hits.filter_map(|at| Some((self.classes.get(at)?, self.builtin.patterns().get(at)?.as_str())))
    }
}

/// Classes that rules tend to be kinder to than to `source`.
fn is_kind(class: &Class) -> bool {
    *class == Class::DOCS || *class == Class::TESTS
}

fn only_docs(classes: &BTreeSet<Class>) -> bool {
    classes.len() == 1 && classes.contains(&Class::DOCS)
}

#[cfg(test)]
mod tests;
