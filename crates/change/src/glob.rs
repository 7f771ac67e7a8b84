//! The one meaning of path patterns in the whole product.
//!
//! A pattern matches the whole path from the top of the repository, as bytes, case-sensitively:
//!
//! | pattern | matches |
//! |---|---|
//! | `*` | any bytes but `/`, also a leading dot |
//! | `**` | any number of whole folders; stands alone between slashes |
//! | `?` | one byte but `/` |
//! | `[a-z]`, `[!a-z]` | one byte of the set, or not of it, never `/`; ASCII only |
//! | `{a,b}`, `{a,}` | either; nothing at all is an alternative as well |
//! | `\*` | the character itself |
//! | `docs/` | everything below, the same as `docs/**` |
//!
//! There is no negation: exceptions are separate lists. What could be meant in two ways is refused.

mod atom;
mod example;
mod tree;
mod words;

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use tree::Tree;

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 512;
/// The most patterns in one set.
pub const MAX_PATTERNS: usize = 2000;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobError {
    /// It is empty.
    Empty,
    /// It is longer than [`MAX_PATTERN`].
    TooLong,
    /// The set has more than [`MAX_PATTERNS`].
    TooMany,
    /// It starts with `!`.
    Negated,
    /// It starts with `/`.
    Absolute,
    /// A path never has an empty, `.` or `..` part, so it could not match.
    Unreachable,
    /// `**` does not stand alone between slashes.
    Stars,
    /// Braces stand too deep within braces.
    Nested,
    /// A set `[…]` has a `/` or something outside ASCII in it.
    Set,
    /// Anything else, in the words of the matcher.
    Syntax(String),
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the pattern is empty"),
            Self::TooLong => write!(f, "the pattern is longer than {MAX_PATTERN} bytes"),
            Self::TooMany => write!(f, "there are more than {MAX_PATTERNS} patterns"),
            Self::Negated => f.write_str("there is no negation with `!`; list exceptions separately"),
            Self::Absolute => {
                f.write_str("patterns start at the top of the repository; drop the leading `/`")
            }
            Self::Unreachable => f.write_str("a path never has an empty, `.` or `..` part"),
            Self::Stars => f.write_str("`**` must stand alone between slashes, as in `src/**/*.rs`"),
            Self::Nested => write!(f, "`{{` stands within more than {DEEPEST} others"),
            Self::Set => f.write_str("a set `[…]` may hold ASCII characters without `/` only"),
            Self::Syntax(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for GlobError {}

/// A compiled set of patterns.
#[derive(Debug, Clone)]
pub struct Globs {
    patterns: Vec<String>,
    tree: Tree,
    /// Patterns with too many alternatives for the tree.
    crowded: Vec<(usize, GlobMatcher)>,
    /// How many more names the tree takes.
    room: usize,
}

/// Names that the tree of one set holds, and those that one pattern may bring. A file may come from anybody: what would
/// take more is left to `globset`, which takes as much as the pattern is long.
const MOST_NAMES: usize = 20_000;
const MOST_NAMES_EACH: usize = 512;
/// Braces within braces.
const DEEPEST: usize = 8;

impl Globs {
    /// Compiles all patterns, or tells what is wrong with each that cannot be.
    ///
    /// # Errors
    /// The place in `patterns` and the reason, for every refused pattern.
    pub fn compile<S: AsRef<str>>(patterns: &[S]) -> Result<Self, Vec<(usize, GlobError)>> {
        if patterns.len() > MAX_PATTERNS {
            return Err(vec![(MAX_PATTERNS, GlobError::TooMany)]);
        }
        let mut globs =
            Self { patterns: Vec::new(), tree: Tree::new(), crowded: Vec::new(), room: MOST_NAMES };
        let mut errors = Vec::new();
        for (at, pattern) in patterns.iter().enumerate() {
            match glob(pattern.as_ref()) {
                Ok(glob) => globs.add(at, &glob),
                Err(error) => errors.push((at, error)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        globs.patterns = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
        Ok(globs)
    }

    /// Matches every path with each of the patterns: for what must not fail open.
    pub(crate) fn everything(patterns: &[&str]) -> Self {
        let mut tree = Tree::new();
        (0..patterns.len()).for_each(|at| tree.add(vec![atom::Part::Deep], at));
        Self {
            patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            tree,
            crowded: Vec::new(),
            room: 0,
        }
    }

    fn add(&mut self, at: usize, glob: &globset::Glob) {
        let names = |all: &Vec<Vec<atom::Part>>| all.iter().map(Vec::len).sum::<usize>();
        let most = self.room.min(MOST_NAMES_EACH);
        match atom::alternatives(glob.glob()).filter(|all| names(all) <= most) {
            Some(all) => {
                self.room -= names(&all);
                all.into_iter().for_each(|parts| self.tree.add(parts, at));
            }
            None => self.crowded.push((at, glob.compile_matcher())),
        }
    }

    /// Whether any pattern matches.
    #[must_use]
    pub fn is_match(&self, path: &[u8]) -> bool {
        !self.walk().matching(path).is_empty()
    }

    /// The places in [`Self::patterns`] of all patterns that match, ascending.
    #[must_use]
    pub fn matching(&self, path: &[u8]) -> Vec<usize> {
        self.walk().matching(path).to_vec()
    }

    /// [`Self::matching`] for many paths in a row, which is cheaper, most of all when those of a folder stand together.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk { tree: self.tree.walk(), crowded: &self.crowded }
    }

    /// How many patterns are left to `globset`, one by one.
    #[must_use]
    pub fn crowded_patterns(&self) -> usize {
        self.crowded.len()
    }

    /// The patterns as written.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// Paths matched one after another.
#[derive(Debug)]
pub struct Walk<'g> {
    tree: tree::Walk<'g>,
    crowded: &'g [(usize, GlobMatcher)],
}

impl Walk<'_> {
    /// The places of all patterns that match, ascending.
    pub fn matching(&mut self, path: &[u8]) -> &[usize] {
        let found = self.tree.matching(path);
        if !self.crowded.is_empty() {
            let candidate = globset::Candidate::from_bytes(path);
            let crowded = self.crowded.iter().filter(|(_, glob)| glob.is_match_candidate(&candidate));
            found.extend(crowded.map(|(at, _)| *at));
            found.sort_unstable();
        }
        found
    }
}

/// The same patterns are the same set.
impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

fn glob(pattern: &str) -> Result<globset::Glob, GlobError> {
    if pattern.is_empty() {
        return Err(GlobError::Empty);
    }
    if pattern.len() > MAX_PATTERN {
        return Err(GlobError::TooLong);
    }
    if pattern.starts_with('!') {
        return Err(GlobError::Negated);
    }
    if pattern.starts_with('/') {
        return Err(GlobError::Absolute);
    }
    let below = pattern.strip_suffix('/');
    for part in below.unwrap_or(pattern).split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(GlobError::Unreachable);
        }
        if part.contains("**") && part != "**" {
            return Err(GlobError::Stars);
        }
    }
    if deepest(pattern) > DEEPEST {
        return Err(GlobError::Nested);
    }
    let whole = below.map_or_else(|| pattern.to_owned(), |folder| format!("{folder}/**"));
    GlobBuilder::new(&keep_sets_below_slashes(&whole)?)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| GlobError::Syntax(error.kind().to_string()))
}

/// How deep braces stand within braces. Escaped ones and those in sets count as well, which only refuses more.
fn deepest(pattern: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in pattern.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The matcher lets `[!a]` and `[+-9]` match a `/`; nothing but `/` and `**` may.
fn keep_sets_below_slashes(pattern: &str) -> Result<String, GlobError> {
    let mut kept = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        kept.push(c);
        match c {
            '\\' => kept.extend(chars.next()),
            '[' => copy_set(&mut chars, &mut kept)?,
            _ => {}
        }
    }
    Ok(kept)
}

/// Copies the inside of a set up to and with its `]`.
fn copy_set(chars: &mut std::str::Chars<'_>, kept: &mut String) -> Result<(), GlobError> {
    let unclosed = || GlobError::Syntax("a set `[…]` is not closed".to_owned());
    let negated = chars.as_str().starts_with(['!', '^']);
    if negated {
        kept.extend(chars.next());
    }
    let mut members: Vec<char> = Vec::new();
    loop {
        match chars.next().ok_or_else(unclosed)? {
            // Right after the bracket it stands for itself, as in a shell.
            ']' if !members.is_empty() => break,
            c if c == '/' || c == '\\' || !c.is_ascii() => return Err(GlobError::Set),
            c => members.push(c),
        }
    }
    let spans_slash = |w: &[char]| matches!(w, [from, '-', to] if (*from..=*to).contains(&'/'));
    if members.windows(3).any(spans_slash) {
        return Err(GlobError::Set);
    }
    // A hyphen at the end stands for itself, and must go on standing there.
    let hyphen = members.pop_if(|last| negated && *last == '-');
    kept.extend(&members);
    if negated {
        kept.push('/');
    }
    kept.extend(hyphen);
    kept.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::RawPath;

    fn matches(pattern: &str, path: &str) -> bool {
        Globs::compile(&[pattern]).unwrap().is_match(path.as_bytes())
    }

    #[test]
    fn has_one_meaning() {
        for (pattern, yes, no) in [
            ("*", &["a", ".a"][..], &["a/b"][..]),
            ("src/*.rs", &["src/a.rs", "src/.rs"], &["src/a/b.rs", "x/src/a.rs", "src/a.RS"]),
            ("src/**", &["src/a", "src/.a/b"], &["src", "xsrc/a", "src2/a"]),
            ("src/", &["src/a", "src/a/b"], &["src", "a/src/b"]),
            ("**/x", &["x", "a/x", "a/.b/x"], &["ax", "x/a"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]),
            ("**", &["a", "a/b", ".a"], &[]),
            ("{a,b/c}.rs", &["a.rs", "b/c.rs"], &["c.rs"]),
            ("{.,}x", &["x", ".x"], &["ax"]),
            ("a?c", &["abc", "a.c"], &["a/c", "ac", "abbc"]),
            ("a[!b]c", &["axc", "a-c"], &["a/c", "abc"]),
            ("a[b-d-]c", &["abc", "a-c"], &["aec"]),
            ("[]]", &["]"], &["["]),
            (r"\*", &["*"], &["a"]),
            ("a.b", &["a.b"], &["axb"]),
        ] {
            yes.iter().for_each(|path| assert!(matches(pattern, path), "`{pattern}` should match `{path}`"));
            no.iter()
                .for_each(|path| assert!(!matches(pattern, path), "`{pattern}` should not match `{path}`"));
        }
    }

    #[test]
    fn refuses_what_could_be_meant_in_two_ways() {
        for (pattern, error) in [
            ("", GlobError::Empty),
            ("!a", GlobError::Negated),
            ("/a", GlobError::Absolute),
            ("a//b", GlobError::Unreachable),
            ("./a", GlobError::Unreachable),
            ("a/../b", GlobError::Unreachable),
            ("a**", GlobError::Stars),
            ("***", GlobError::Stars),
            ("[+-9]", GlobError::Set),
            ("[a/b]", GlobError::Set),
            ("[ü]", GlobError::Set),
        ] {
            assert_eq!(Globs::compile(&[pattern]).unwrap_err(), [(0, error)], "{pattern}");
        }
        for pattern in ["[", "[]", "[!", "{a", "a}", "a\\"] {
            assert!(Globs::compile(&[pattern]).is_err(), "{pattern}");
        }
        assert_eq!(Globs::compile(&["a", "", "b", "/c"]).unwrap_err().len(), 2);
        assert_eq!(Globs::compile(&["a".repeat(MAX_PATTERN + 1)]).unwrap_err(), [(0, GlobError::TooLong)]);
    }

    #[test]
    fn matches_bytes_that_are_no_text() {
        let globs = Globs::compile(&["a/*", "**/?", "b/**"]).unwrap();
        assert_eq!(globs.matching(b"a/\xff"), [0, 1]);
        assert_eq!(globs.matching(b"b/\n\xfe/x"), [1, 2]);
        assert_eq!(globs.patterns().len(), 3);
    }

    proptest! {
        #[test]
        fn is_total(pattern in any::<String>(), path in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Globs::compile(&[pattern]).map(|globs| globs.matching(&path));
        }

        /// Against a matcher so simple that it can be seen to be right.
        #[test]
        fn agrees_with_the_simplest_matcher(
            pattern in r"(\*\*/)?(a|b|\*|a\*|\*b|\?)(/(\*\*|a|b|\*|\?b)){0,3}", path in "[ab.]{1,3}(/[ab.]{1,2}){0,3}"
        ) {
            let parts: Vec<_> = pattern.split('/').collect();
            let names: Vec<_> = path.split('/').collect();
            prop_assert_eq!(matches(&pattern, &path), folders(&parts, &names));
        }
    }

    /// Against `globset`, one pattern at a time; as a set it drops names that end in a dot.
    fn as_globset_says(pattern: &str, path: &[u8]) -> Option<bool> {
        let candidate = globset::Candidate::from_bytes(path);
        Some(glob(pattern).ok()?.compile_matcher().is_match_candidate(&candidate))
    }

    const NAME: &str = r"(a|b|A|\.|-|\*|\?|\[ab\]|\[!a\]|\[a-c.\]|\[!-\.\]|\[\]a\]|\{a,b\}|\{,a\*\}|\{a,\{b,ab\},\}|\\*|ü){1,4}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_with_globset(
            parts in prop::collection::vec(prop_oneof![3 => NAME, 1 => Just("**".to_owned())], 1..5),
            whole in prop::option::weighted(0.2, prop_oneof![Just("{a/b,"), Just("{a/**/b,,"), Just("x{/b/a,")]),
            below in any::<bool>(),
            path in prop::collection::vec(prop::sample::select(&b"aabbAc..-/////*]\n\xff\xc3\xbc"[..]), 0..14),
        ) {
            let mut pattern = parts.join("/");
            if let Some(open) = whole {
                pattern = format!("{open}{pattern}}}");
            }
            if below {
                pattern.push('/');
            }
            if let Some(said) = as_globset_says(&pattern, &path) {
                let globs = Globs::compile(&[&pattern]).unwrap();
                prop_assert_eq!(globs.is_match(&path), said, "`{}` on {:?}", pattern, RawPath::new(path));
            }
        }

        #[test]
        fn a_set_is_its_patterns(
            patterns in prop::collection::vec(r"(\*\*/)?(a|b|\*|a\*|\*\.b|\?|\{a,b\}\.b)(/(\*\*|a|b|\*|\?b)){0,3}", 1..20),
            paths in prop::collection::vec("[ab.]{0,2}(/[ab]{0,1}){0,3}", 1..8),
        ) {
            let globs = Globs::compile(&patterns).unwrap();
            let mut walk = globs.walk();
            for path in paths {
                let alone: Vec<usize> =
                    (0..patterns.len()).filter(|at| matches(&patterns[*at], &path)).collect();
                prop_assert_eq!(walk.matching(path.as_bytes()), alone);
            }
        }
    }

    #[test]
    fn a_name_may_end_in_a_dot() {
        assert!(matches("**/x.", "a/x."));
        assert!(matches("a/*.", "a/b."));
    }

    #[test]
    fn too_many_alternatives_to_write_out_mean_the_same() {
        let pattern = "{a,b}".repeat(9) + "/*.rs";
        let globs = Globs::compile(&["**", &pattern, "abababab?/**"]).unwrap();
        assert_eq!(globs.crowded.len(), 1);
        assert_eq!(globs.matching(b"ababababa/x.rs"), [0, 1, 2]);
        assert_eq!(globs.matching(b"abababab/x.rs"), [0]);
    }

    #[test]
    fn a_negated_set_may_end_in_a_hyphen() {
        for (pattern, yes, no) in
            [("x[!+-]y", "x.y", "x-y"), ("x[!.-]y", "x,y", "x-y"), ("[!_-]", "a", "_"), ("[!-]", "a", "-")]
        {
            assert!(matches(pattern, yes) && !matches(pattern, no) && !matches(pattern, "x/y"), "{pattern}");
        }
        assert!(!matches("x[!+-]y", "x+y") && !matches("[!_-]", "-"));
    }

    #[test]
    fn braces_stand_in_braces_only_so_deep() {
        let nested = |depth: usize| format!("{}a{}", "{,".repeat(depth), "}".repeat(depth));
        assert!(matches(&nested(8), "a"));
        assert_eq!(Globs::compile(&[nested(9)]).unwrap_err(), [(0, GlobError::Nested)]);
        let crowded = format!("{}{{,b}}{{c,d}}{}", nested(8), "{e,f}".repeat(6));
        assert!(matches(&crowded, "abceeeeee") && matches(&crowded, "acffffff"));
    }

    /// What would take very many names takes no more than the pattern is long.
    #[test]
    fn a_hostile_set_stays_small() {
        let long: Vec<String> =
            (0..100).map(|n| format!("{}{n}{}", "{a,b}".repeat(5), "/a".repeat(230))).collect();
        let globs = Globs::compile(&long).unwrap();
        assert_eq!((globs.crowded.len(), globs.room), (100, MOST_NAMES));
        let open: Vec<String> =
            (0..200).map(|n| format!("{}{}/**/z", "{?,*}".repeat(5), "?".repeat(n))).collect();
        assert!(Globs::compile(&open).unwrap().room < MOST_NAMES);
    }

    #[test]
    fn a_set_has_room_for_so_many_alternatives_and_means_the_same_beyond() {
        let patterns: Vec<String> = (0..100).map(|at| format!("{}x{at}", "{a,b}".repeat(8))).collect();
        let globs = Globs::compile(&patterns).unwrap();
        assert_eq!(globs.crowded.len(), 100 - MOST_NAMES / 256);
        assert_eq!(globs.matching(b"abababab/x1"), [0_usize; 0]);
        assert_eq!(globs.matching(b"ababababx1"), [1]);
        assert_eq!(globs.matching(b"ababababx99"), [99]);
    }

    fn folders(parts: &[&str], names: &[&str]) -> bool {
        match (parts, names) {
            // At the end `**` needs something below; elsewhere it may stand for no folder at all.
            (["**"], names) => !names.is_empty(),
            (["**", rest @ ..], names) => (0..=names.len()).any(|skip| folders(rest, &names[skip..])),
            ([part, parts @ ..], [name, names @ ..]) => {
                within(part.as_bytes(), name.as_bytes()) && folders(parts, names)
            }
            ([], []) => true,
            _ => false,
        }
    }

    fn within(part: &[u8], name: &[u8]) -> bool {
        match (part, name) {
            ([b'*', rest @ ..], name) => (0..=name.len()).any(|skip| within(rest, &name[skip..])),
            ([b'?', part @ ..], [_, name @ ..]) => within(part, name),
            ([p, part @ ..], [n, name @ ..]) => p == n && within(part, name),
            ([], []) => true,
            _ => false,
        }
    }
}
