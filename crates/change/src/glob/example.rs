//! Names that a pattern matches, for telling people what it would let in.
//!
//! Not all of them, and not always one: whoever asks must be content with none.

use super::Globs;

/// Alternatives beyond these are not spelled out.
const MOST_ALTERNATIVES: usize = 16;

impl Globs {
    /// A few names that the patterns match.
    #[must_use]
    pub fn examples(&self) -> Vec<String> {
        let spelled = self.patterns.iter().flat_map(|pattern| alternatives(pattern));
        spelled.map(|pattern| example(&pattern)).filter(|name| self.is_match(name.as_bytes())).collect()
    }
}

/// The pattern once for each alternative of its first `{a,b}`, and so on.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        match first_choice(&pattern) {
            Some((before, choices, after)) if done.len() + open.len() < MOST_ALTERNATIVES => {
                open.extend(choices.split(',').rev().map(|choice| format!("{before}{choice}{after}")));
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// What stands before, in and after the innermost `{…}` that is closed first.
fn first_choice(pattern: &str) -> Option<(&str, &str, &str)> {
    let (rest, after) = pattern.split_once('}')?;
    let (before, choices) = rest.rsplit_once('{')?;
    Some((before, choices, after))
}

/// The plainest name that a pattern without alternatives matches.
fn example(pattern: &str) -> String {
    let whole = pattern.strip_suffix('/').map_or_else(|| pattern.to_owned(), |folder| format!("{folder}/**"));
    let parts = whole.split('/').map(|part| if part == "**" { "x".to_owned() } else { part_of(part) });
    parts.collect::<Vec<_>>().join("/")
}

fn part_of(part: &str) -> String {
    let mut name = String::new();
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => name.push('x'),
            '\\' => name.extend(chars.next()),
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let negated = inside.starts_with(['!', '^']);
                let fits = |c: &char| !inside.contains(*c);
                let outside = "xyz0_".chars().find(fits).unwrap_or('q');
                name.push(if negated { outside } else { inside.chars().next().unwrap_or(']') });
            }
            c => name.push(c),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(patterns: &[&str]) -> Vec<String> {
        Globs::compile(patterns).unwrap().examples()
    }

    #[test]
    fn examples_are_matched() {
        for (pattern, name) in [
            ("copilot/**", "copilot/x"),
            ("**", "x"),
            ("docs/", "docs/x"),
            ("fix-?", "fix-x"),
            ("v[0-9]", "v0"),
            ("v[!x]", "vy"),
            (r"a\*b", "a*b"),
        ] {
            assert_eq!(examples(&[pattern]), [name], "{pattern}");
        }
        assert_eq!(examples(&["{a,b/{c,d}}/*"]), ["a/x", "b/c/x", "a/x", "b/d/x"]);
    }

    #[test]
    fn alternatives_are_bounded() {
        let many = "{a,b}".repeat(60);
        assert!(examples(&[&many]).len() <= MOST_ALTERNATIVES + 1);
    }
}
