//! The repository's files, read once, and what of them is production code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::lexer::{Keep, blank};

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", ".git", "node_modules", ".pending-snap"];

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// From the top of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file, by path.
pub(crate) fn files() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
        let mut found = Vec::new();
        walk(&root(), &mut found);
        found.sort_by(|a: &File, b| a.path.cmp(&b.path));
        assert!(found.len() > 100, "only {} files were found", found.len());
        found
    });
    &FILES
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder with this ending.
pub(crate) fn below(folder: &str, ending: &str) -> impl Iterator<Item = &'static File> {
    files().iter().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(ending))
}

/// One file that must be there.
pub(crate) fn file(path: &str) -> &'static File {
    files().iter().find(|file| file.path == path).unwrap_or_else(|| panic!("`{path}` is missing"))
}

fn walk(folder: &Path, found: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() {
            if !FOREIGN.contains(&name.as_str()) {
                walk(&path, found);
            }
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && !FOREIGN.contains(&name.as_str())
        {
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(File { path, text });
        }
    }
}

/// Production code of `src` and of one crate or all of them, without comments, strings' insides and tests.
pub(crate) fn production(folder: &str) -> Vec<Code> {
    let tests = test_modules();
    let files = below(folder, ".rs").filter(|file| {
        let in_src = file.path.starts_with("src/") || file.path.contains("/src/");
        let belongs = |module: &String| {
            file.path == format!("{module}.rs") || file.path.starts_with(&format!("{module}/"))
        };
        in_src && !tests.iter().any(belongs)
    });
    let code: Vec<Code> = files
        .map(|file| {
            let bare = blank(&file.text, Keep::Code);
            let (bare, strings) = match first_inline_tests(&bare) {
                Some(at) => (bare[..at].to_owned(), blank(&file.text, Keep::Strings)),
                None => (bare, blank(&file.text, Keep::Strings)),
            };
            let lines = bare.lines().count();
            let strings = strings.lines().take(lines).collect::<Vec<_>>().join("\n");
            Code { path: &file.path, bare, strings }
        })
        .collect();
    assert!(!code.is_empty(), "there is no production code in `{folder}`");
    code
}

/// One file's production code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) path: &'static str,
    /// Without the insides of strings.
    pub(crate) bare: String,
    /// With them.
    pub(crate) strings: String,
}

impl Code {
    /// `path:line` of everything in the bare code that holds this text as a whole word.
    pub(crate) fn places(&self, word: &str) -> Vec<String> {
        let hits = self.bare.lines().enumerate().filter(|(_, line)| has_word(line, word));
        hits.map(|(at, line)| format!("{}:{}: {}", self.path, at + 1, line.trim())).collect()
    }
}

/// Whether the text stands in the line and is not a part of a longer word.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let starts_open = !word.starts_with(part);
    let ends_open = !word.ends_with(part);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        (starts_open || !before.is_some_and(part)) && (ends_open || !after.is_some_and(part))
    })
}

/// Where an inline `#[cfg(test)] mod … {` begins. By habit it is the last thing in a file.
fn first_inline_tests(bare: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bare[from..].find("#[cfg(test)]") {
        let rest = bare[from + at + "#[cfg(test)]".len()..].trim_start();
        if rest.starts_with("mod ") && rest.find('{') < rest.find(';').or(Some(usize::MAX)) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Modules in files of their own that are compiled for tests only, as paths without `.rs`.
fn test_modules() -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for file in files().iter().filter(|file| file.path.ends_with(".rs")) {
        let bare = blank(&file.text, Keep::Code);
        let home = match file.path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => file.path.trim_end_matches(".rs").to_owned(),
        };
        for (at, mark) in bare.match_indices("#[cfg(test)]") {
            let rest = bare[at + mark.len()..].trim_start();
            if let Some((name, _)) = rest.strip_prefix("mod ").and_then(|rest| rest.split_once(';'))
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                modules.insert(format!("{home}/{name}"));
            }
        }
    }
    modules
}

/// Fails with everything that was found, if anything was.
pub(crate) fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}
