//! The shape of the branch names that agents choose.
//!
//! Not a regular expression: literal text, `{digits}`, `{digits:10}`, `{hex:4}`, `{slug}`, and `*` at the end for
//! anything that is left. The whole name must fit, so `copilot/*` does not take `copilots/x`.

/// A compiled shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// One or more, all there are.
    Digits,
    /// Exactly so many.
    DigitsExactly(usize),
    /// Exactly so many lower-case hex digits.
    HexExactly(usize),
    /// One or more letters, digits, dots, underscores and hyphens.
    Slug,
    /// One or more of anything, up to the end.
    Rest,
}

impl Shape {
    /// Compiles a shape.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let (mut rest, anything) = match text.strip_suffix('*') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        while !rest.is_empty() {
            let (literal, after) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            if literal.contains(['*', '}']) {
                return Err(format!("`{text}`: `*` stands only at the end and `}}` only after `{{`"));
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            rest = after;
            if let Some(open) = after.strip_prefix('{') {
                let (name, after) =
                    open.split_once('}').ok_or_else(|| format!("`{text}`: `{{` without `}}`"))?;
                pieces.push(Piece::parse(name).ok_or_else(|| format!("`{text}`: `{name}` is no piece"))?);
                rest = after;
            }
        }
        if anything {
            pieces.push(Piece::Rest);
        }
        match pieces.first() {
            Some(Piece::Literal(prefix)) if prefix.len() >= 5 => Ok(Self(pieces)),
            _ => Err(format!("`{text}` must begin with at least five plain characters")),
        }
    }

    /// Whether the branch name has this shape.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        fits(&self.0, name)
    }
}

impl Piece {
    fn parse(name: &str) -> Option<Self> {
        match name.split_once(':') {
            Some(("digits", count)) => count.parse().ok().map(Self::DigitsExactly),
            Some(("hex", count)) => count.parse().ok().map(Self::HexExactly),
            None if name == "digits" => Some(Self::Digits),
            None if name == "slug" => Some(Self::Slug),
            _ => None,
        }
    }
}

/// As deep as there are pieces; only a slug is tried at several lengths.
fn fits(pieces: &[Piece], text: &str) -> bool {
    let Some((piece, pieces)) = pieces.split_first() else { return text.is_empty() };
    let exactly = |count: usize, wanted: fn(&u8) -> bool| {
        text.split_at_checked(count)
            .is_some_and(|(head, rest)| head.as_bytes().iter().all(wanted) && fits(pieces, rest))
    };
    match piece {
        Piece::Literal(literal) => text.strip_prefix(literal.as_str()).is_some_and(|rest| fits(pieces, rest)),
        Piece::Digits => exactly(run(text, u8::is_ascii_digit).max(1), u8::is_ascii_digit),
        Piece::DigitsExactly(count) => exactly(*count, u8::is_ascii_digit),
        Piece::HexExactly(count) => exactly(*count, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        Piece::Slug => (1..=run(text, is_slug)).rev().any(|count| exactly(count, is_slug)),
        Piece::Rest => !text.is_empty(),
    }
}

fn is_slug(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn run(text: &str, wanted: fn(&u8) -> bool) -> usize {
    text.bytes().take_while(wanted).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &str, fitting: &[&str], others: &[&str]) {
        let shape = Shape::parse(shape).unwrap();
        for name in fitting {
            assert!(shape.fits(name), "{shape:?} should take {name}");
        }
        for name in others {
            assert!(!shape.fits(name), "{shape:?} should not take {name}");
        }
    }

    #[test]
    fn the_whole_name_must_fit() {
        check(
            "copilot/*",
            &["copilot/fix-1", "copilot/ü"],
            &["copilots/x", "copilot", "copilot/", "x/copilot/y", "Copilot/x"],
        );
        check(
            "devin/{digits:10}-*",
            &["devin/1763600000-fix"],
            &["devin/fix", "devin/176360000-x", "devin/17636000001-x", "devin/1763600000-"],
        );
        check(
            "cursor/{slug}-{hex:4}",
            &["cursor/fix-the-bug-9a0f", "cursor/a-b-c-dead"],
            &[
                "cursor/fix",
                "cursor/fix-9a0",
                "cursor/fix-9a0g",
                "cursor/fix-9A0F",
                "cursor/-9a0f",
                "cursor/a/b-9a0f",
            ],
        );
        check(
            "Q-DEV-issue-{digits}-{digits}*",
            &["Q-DEV-issue-7-1763600000-x"],
            &["Q-DEV-issue-7", "q-dev-issue-7-1-x", "Q-DEV-issue--1x"],
        );
    }

    #[test]
    fn shapes_that_would_take_too_much_are_refused() {
        for text in
            ["", "*", "{slug}", "a/*", "cursor/*/x", "cursor/{", "cursor/{x}", "cursor/}", "cursor/{hex}"]
        {
            assert!(Shape::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_hostile_name_costs_little() {
        let shape = Shape::parse("cursor/{slug}-{hex:4}").unwrap();
        assert!(!shape.fits(&format!("cursor/{}", "-0000g".repeat(700))));
    }
}
