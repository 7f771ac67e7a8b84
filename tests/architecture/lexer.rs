//! Rust source with its comments, and if wished the insides of its strings, blanked out: just enough of a lexer for
//! text checks. Lines and columns stay where they were.

/// What is left standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Code alone.
    Code,
    /// Code and strings.
    Strings,
}

/// Blanks out comments, and strings' insides unless they are kept.
pub(crate) fn blank(text: &str, keep: Keep) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, shown) = token(&chars, at);
        let visible = match shown {
            Shown::Yes => true,
            Shown::No => false,
            Shown::String => keep == Keep::Strings,
        };
        for c in &chars[at..end] {
            out.push(if visible || *c == '\n' { *c } else { ' ' });
        }
        at = end;
    }
    out
}

enum Shown {
    Yes,
    No,
    String,
}

/// Where the token that begins at `at` ends, and whether it is shown.
fn token(chars: &[char], at: usize) -> (usize, Shown) {
    let rest = &chars[at..];
    match rest {
        ['/', '/', ..] => (at + until(rest, |c| c == '\n'), Shown::No),
        ['/', '*', ..] => (at + block_comment(rest), Shown::No),
        ['r', '"' | '#', ..] if !continues_a_word(chars, at) => match raw_string(rest) {
            Some(length) => (at + length, Shown::String),
            None => (at + 1, Shown::Yes),
        },
        ['"', ..] => (at + string(rest), Shown::String),
        ['\'', '\\', ..] => (at + 3 + until(&rest[3..], |c| c == '\'') + 1, Shown::String),
        ['\'', _, '\'', ..] => (at + 3, Shown::String),
        _ => (at + 1, Shown::Yes),
    }
}

fn continues_a_word(chars: &[char], at: usize) -> bool {
    // A byte string `br"…"` is a raw string too.
    let before = at.checked_sub(1).and_then(|i| chars.get(i));
    before.is_some_and(|c| (c.is_alphanumeric() && *c != 'b') || *c == '_')
}

fn until(chars: &[char], end: impl Fn(char) -> bool) -> usize {
    chars.iter().position(|c| end(*c)).unwrap_or(chars.len())
}

fn block_comment(chars: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < chars.len() {
        match &chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string(chars: &[char]) -> usize {
    let mut at = 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string(chars: &[char]) -> Option<usize> {
    let hashes = until(&chars[1..], |c| c != '#');
    if chars.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &chars[2 + hashes..];
    let end = body.windows(close.len()).position(|window| *window == close[..]).unwrap_or(body.len());
    Some((2 + hashes + end + close.len()).min(chars.len()))
}

#[test]
fn the_lexer_blanks_what_is_no_code() {
    let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" r#\"i \" j\"# 'k' '\\'' 'l: for<'m> br\"n\"";
    let code = blank(text, Keep::Code);
    for letter in ["b /", "c", "d", "//", "g", "h", "i", "j", "k", "n\""] {
        assert!(!code.contains(letter), "`{letter}` is left of {text} in {code}");
    }
    for word in ["a ", " e ", "'l:", "for<'m>"] {
        assert!(code.contains(word), "`{word}` is gone from {text} in {code}");
    }
    assert!(blank(text, Keep::Strings).contains("i \" j"));
    assert_eq!(code.lines().count(), text.lines().count());
}
