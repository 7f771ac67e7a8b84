//! Making hostile text harmless where people read it: Markdown, code spans, terminals.
//!
//! Titles, paths, branch names, logins and everything made of them were written by whoever wanted to write them. What
//! comes out of here makes no link, mention, reference, markup or terminal sequence, and shows what would be invisible
//! as `\u{202e}`. Rule: what is *written* is bounded, and a cut is
//! marked with `…`, never inside an escape.

use std::fmt::Write as _;

use change::hidden::is_disguise;

/// Written bytes of one piece of running text.
const INLINE_BYTES: usize = 1_200;
/// Written bytes inside one code span.
const CODE_BYTES: usize = 500;
/// Written characters of one piece of terminal text.
const TERMINAL_CHARACTERS: usize = 2_000;
/// cmark-gfm, which GitHub renders with, knows no fence longer than 80 backticks (`MAXBACKTICKS`): a span whose fence
/// is longer is no span. Longer runs are spelled out, so that no fence comes near.
const LONGEST_RUN: usize = 8;
/// Renders as nothing. GitHub looks for mentions and references in the *rendered* text, where a backslash or an entity
/// for the character itself is gone already, so only something that stays in the text breaks them.
const BREAK: &str = "&#8203;";
/// Marks a cut.
const ELLIPSIS: char = '…';

/// Text for running Markdown, on one line.
#[must_use]
pub fn inline(text: &str) -> String {
    inline_within(text.trim(), INLINE_BYTES)
}

/// Text for a code span, fence included.
#[must_use]
pub fn code(text: &str) -> String {
    code_within(text, CODE_BYTES)
}

/// One of our own sentences, in which pairs of backticks quote what came from elsewhere.
///
/// Should a quoted text bring backticks along, the quoting shifts, but every part is still escaped as what it is
/// shown as.
#[must_use]
pub fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.trim().split('`').collect();
    let last = parts.len().saturating_sub(1);
    let mut out = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let left = INLINE_BYTES.saturating_sub(out.len());
        if left < 2 * LONGEST_RUN {
            out.push(ELLIPSIS);
            break;
        }
        let quoted = index % 2 == 1;
        match (quoted, part) {
            // The last backtick has no partner.
            (true, _) if index == last => out.push_str(&inline_within(&format!("`{part}"), left)),
            (true, "") => out.push_str("&#96;&#96;"),
            (true, _) => out.push_str(&code_within(part, left.min(CODE_BYTES))),
            // Two code spans that touch would be read as one with other fences.
            (false, "") if index != 0 && index != last => out.push(' '),
            (false, _) => out.push_str(&inline_within(part, left)),
        }
    }
    out
}

/// Text for a terminal or a log line, on one line and without any control character.
#[must_use]
pub fn terminal(text: &str) -> String {
    plain(text, TERMINAL_CHARACTERS)
}

/// Like [`terminal`], with at most so many characters.
#[must_use]
pub fn plain(text: &str, characters: usize) -> String {
    let mut out = String::new();
    let mut written = 0;
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        let kept = out.len();
        push_visible(&mut out, c);
        written += out.get(kept..).map_or(0, |unit| unit.chars().count());
        if written > characters || (written == characters && rest.peek().is_some()) {
            out.truncate(kept);
            out.push(ELLIPSIS);
            break;
        }
    }
    out
}

fn inline_within(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut writer = Markdown::default();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut unit = String::new();
        let mut shown = String::new();
        push_visible(&mut shown, c);
        let next = rest.peek().copied();
        for (at, s) in shown.char_indices() {
            let following = shown.get(at + s.len_utf8()..).and_then(|tail| tail.chars().next()).or(next);
            writer.push(&mut unit, s, following);
        }
        if out.len() + unit.len() + ELLIPSIS.len_utf8() > limit {
            out.push(ELLIPSIS);
            break;
        }
        out.push_str(&unit);
    }
    out
}

/// What has been written of a running text, as far as the next character depends on it.
#[derive(Default)]
struct Markdown {
    /// The last characters, lower case, newest last.
    before: [char; 4],
    /// Hex digits in a row without a break.
    hex: usize,
    /// Whether everything so far could be the number of an ordered list.
    after_number: bool,
    /// Whether anything was written.
    begun: bool,
}

impl Markdown {
    fn push(&mut self, out: &mut String, c: char, next: Option<char>) {
        let first = !self.begun;
        self.break_hex(out, c);
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A backslash would leave the character there for a code span to trip over.
            '`' => out.push_str("&#96;"),
            '@' => push_broken(out, "@"),
            '#' => push_broken(out, "\\#"),
            // Without `]` no link, without `[` no image: round brackets and `!` may stay readable.
            '\\' | '*' | '_' | '[' | ']' | '~' | '|' | '$' => push_escaped(out, c),
            // `scheme://`, `mailto:x`, `:emoji:`; but `rules.toml:3` can be copied.
            ':' if next.is_some_and(|n| !n.is_whitespace() && !n.is_ascii_digit()) => push_broken(out, ":"),
            '.' if self.before.ends_with(&['w', 'w', 'w']) => push_broken(out, "\\."),
            // Lists and headings, if this should come to stand at the beginning of a line.
            '.' | ')' if self.after_number => push_escaped(out, c),
            '-' | '+' | '=' if first => push_escaped(out, c),
            // `GH-12`, `CVE-2026-1`, `JIRA-1`, `GHSA-…`.
            '-' if next.is_some_and(|n| n.is_ascii_digit()) || self.before == ['g', 'h', 's', 'a'] => {
                push_broken(out, "-");
            }
            _ => out.push(c),
        }
        self.after_number = c.is_ascii_digit() && (first || self.after_number);
        self.begun = true;
        self.before.rotate_left(1);
        if let Some(last) = self.before.last_mut() {
            *last = c.to_ascii_lowercase();
        }
    }

    /// GitHub links seven and more hex digits that name a commit.
    fn break_hex(&mut self, out: &mut String, c: char) {
        if !c.is_ascii_hexdigit() {
            self.hex = 0;
        } else if self.hex == 6 {
            out.push_str(BREAK);
            self.hex = 1;
        } else {
            self.hex += 1;
        }
    }
}

fn push_escaped(out: &mut String, c: char) {
    out.push('\\');
    out.push(c);
}

fn push_broken(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str(BREAK);
}

fn code_within(text: &str, limit: usize) -> String {
    let mut body = String::new();
    let (mut run, mut longest) = (0, 0);
    for c in text.chars() {
        let mut unit = String::new();
        run = if c == '`' { run + 1 } else { 0 };
        if run > LONGEST_RUN {
            unit.push_str("\\u{60}");
            run = 0;
        } else {
            push_visible(&mut unit, c);
        }
        if body.len() + unit.len() + ELLIPSIS.len_utf8() > limit {
            body.push(ELLIPSIS);
            break;
        }
        body.push_str(&unit);
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let touches = body.is_empty() || body.starts_with('`') || body.ends_with('`');
    // CommonMark 6.1: one space on both sides is stripped again, unless there is nothing else.
    let stripped = body.starts_with(' ') && body.ends_with(' ') && body.trim() != "";
    let pad = if touches || stripped { " " } else { "" };
    format!("{fence}{pad}{body}{pad}{fence}")
}

/// The character itself, or its escape when it could not be seen or would rearrange what stands around it.
fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_disguise(c) => {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests;
