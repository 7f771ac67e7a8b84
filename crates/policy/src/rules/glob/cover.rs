//! Whether one pattern covers another, and whether two can ever meet.
//!
//! For warnings, so only what is certain counts: `false` means "not known".

use change::Globs;

/// Whether whatever `narrow` matches, `wide` matches too.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    let (wide, narrow) = (spell(wide), spell(narrow));
    if wide == narrow {
        return true;
    }
    // A slash within braces, or one that is escaped, would be taken for a boundary.
    if [&wide, &narrow].iter().any(|pattern| pattern.contains(['{', '\\'])) {
        return false;
    }
    let parts = |pattern: &str| pattern.split('/').map(str::to_owned).collect::<Vec<_>>();
    all(&parts(&wide), &parts(&narrow))
}

/// Whether nothing can match both.
pub(crate) fn apart(one: &str, other: &str) -> bool {
    let (a, b) = (literal(one), literal(other));
    if !a.starts_with(b) && !b.starts_with(a) {
        return true;
    }
    let misses = |whole: &str, pattern: &str| {
        literal(whole).len() == whole.len()
            && !whole.ends_with('/')
            && Globs::compile(&[pattern]).is_ok_and(|globs| !globs.is_match(whole.as_bytes()))
    };
    misses(one, other) || misses(other, one)
}

/// `src/` is another spelling of `src/**`.
fn spell(pattern: &str) -> String {
    if pattern.ends_with('/') { format!("{pattern}**") } else { pattern.to_owned() }
}

/// What a pattern surely begins with.
fn literal(pattern: &str) -> &str {
    pattern.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default()
}

/// Patterns with more parts than these together are not compared: a file may come from anybody.
const MOST_CELLS: usize = 400;

/// Part by part, each pair of places looked at once however many `**` there are.
fn all(wide: &[String], narrow: &[String]) -> bool {
    if wide.len().saturating_mul(narrow.len()) > MOST_CELLS {
        return false;
    }
    // Whether the rest of `wide` from a place covers the rest of `narrow` from each of its places; from the back.
    let mut below: Vec<bool> = (0..=narrow.len()).map(|at| at == narrow.len()).collect();
    for (at, part) in wide.iter().enumerate().rev() {
        let is_last = at + 1 == wide.len();
        let mut here = vec![false; narrow.len() + 1];
        for place in (0..=narrow.len()).rev() {
            let then = |from: &[bool], place: usize| from.get(place).copied().unwrap_or(false);
            let holds = match (part.as_str(), narrow.get(place)) {
                // At the end it stands for at least one part, and whatever is left of `narrow` is at least one.
                ("**", left) if is_last => left.is_some(),
                ("**", left) => then(&below, place) || (left.is_some() && then(&here, place + 1)),
                (part, Some(other)) => other != "**" && one(part, other) && then(&below, place + 1),
                (_, None) => false,
            };
            if let Some(cell) = here.get_mut(place) {
                *cell = holds;
            }
        }
        below = here;
    }
    below.first().copied().unwrap_or(false)
}

/// Within one part: a star absorbs anything, stars included; everything else must stand there itself.
fn one(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    if wide.contains(['?', '[']) || narrow.contains(['?', '[']) {
        return false;
    }
    let mut pieces = wide.split('*');
    let Some(mut rest) = pieces.next().and_then(|head| narrow.strip_prefix(head)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looked at place by place this would take longer than anybody lives.
    #[test]
    fn a_hostile_pattern_is_compared_in_no_time() {
        let (wide, narrow) = ("**/a/".repeat(100) + "b", "a/".repeat(200) + "c");
        assert!(!covers(&wide, &narrow));
        let (wide, narrow) = ("**/a/".repeat(9) + "b", "a/".repeat(20) + "c");
        assert!(!covers(&wide, &narrow));
        assert!(covers(&wide, &("a/".repeat(18) + "b")));
    }

    #[test]
    fn what_covers_is_certain() {
        for (wide, narrow) in [
            ("infra/**", "infra/prod/**"),
            ("infra/**", "infra/main.tf"),
            ("infra/", "infra/prod/"),
            ("**", "a/b"),
            ("**/*.md", "docs/a.md"),
            ("**/*.md", "*.md"),
            ("**/*.md", "docs/**/*.md"),
            ("a/**/b", "a/x/**/b"),
            ("acme/docs-*", "acme/docs-web-*"),
            ("release/*", "release/1.*"),
        ] {
            assert!(covers(wide, narrow), "{wide} covers {narrow}");
            assert!(!covers(narrow, wide), "{narrow} does not cover {wide}");
        }
        for (a, b) in [
            ("infra/**", "infra"),
            ("infra/*", "infra/**"),
            ("src/*.rs", "src/a/b.rs"),
            ("{a,b/c}/**", "b/c/d"),
            ("a*b", "ab*"),
            ("*.md", "docs/a.md"),
        ] {
            assert!(!covers(a, b), "{a} does not cover {b}");
        }
    }

    #[test]
    fn what_covers_matches_whatever_the_other_does() {
        let parts = ["a", "b", "ab", "*", "**", "a*", "*b"];
        let mut patterns: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        for a in parts {
            for b in parts {
                patterns.push(format!("{a}/{b}"));
                patterns.extend(["a", "**", "*b"].map(|c| format!("{a}/{b}/{c}")));
            }
        }
        patterns.retain(|pattern| Globs::compile(&[pattern]).is_ok());
        let paths = ["a", "b", "ab", "a/a", "a/b", "ab/b", "b/ab", "a/b/a", "a/ab/b", "b/a/b/ab", "c", "c/b"];
        let globs: Vec<Globs> = patterns.iter().map(|p| Globs::compile(&[p]).unwrap()).collect();
        for (wide, g) in patterns.iter().zip(&globs) {
            for (narrow, h) in patterns.iter().zip(&globs) {
                for path in paths.map(str::as_bytes) {
                    assert!(
                        !covers(wide, narrow) || !h.is_match(path) || g.is_match(path),
                        "{wide} {narrow}"
                    );
                    assert!(
                        !apart(wide, narrow) || !h.is_match(path) || !g.is_match(path),
                        "{wide} {narrow}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_apart_never_meets() {
        for (one, other) in [("acme/web", "acme/docs-*"), ("acme/**", "bank/*"), ("acme/web", "acme/api")] {
            assert!(apart(one, other) && apart(other, one), "{one} {other}");
        }
        for (one, other) in [("acme/*", "acme/web"), ("acme/docs-*", "acme/*-web"), ("**", "acme/web")] {
            assert!(!apart(one, other) && !apart(other, one), "{one} {other}");
        }
    }
}
