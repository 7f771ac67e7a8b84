//! A pattern taken apart: alternatives written out, each a list of parts between slashes.
//!
//! Not here: what is refused. A pattern comes here only after the matcher of `globset` accepted it, and means the same.

/// Alternatives of one pattern that are written out; one with more is left to `globset` whole.
const MOST_ALTERNATIVES: usize = 256;

/// What a pattern says of one part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `**`: any number of parts.
    Deep,
    /// Exactly this name.
    Name(Vec<u8>),
    /// A name with something open in it.
    Wild(Vec<Atom>),
}

/// What a pattern says of the bytes of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// This byte.
    Byte(u8),
    /// `?`: any byte.
    Any,
    /// `*`: any number of any bytes.
    Many,
    /// `[…]`.
    Set(Set),
    /// `**`, between slashes only.
    Deep,
}

/// The bytes that a set accepts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    pub(super) fn has(&self, byte: u8) -> bool {
        let within = |(from, to): &(char, char)| (*from..=*to).contains(&char::from(byte));
        (byte.is_ascii() && self.ranges.iter().any(within)) != self.negated
    }
}

/// Every alternative of an accepted pattern; `None` when there are too many to write out.
pub(super) fn alternatives(pattern: &str) -> Option<Vec<Vec<Part>>> {
    let lines = Reader { rest: pattern.chars().peekable() }.branches(Ends::WithThePattern)?;
    Some(lines.iter().map(|line| line.split(|atom| *atom == Atom::Byte(b'/')).map(part).collect()).collect())
}

fn part(atoms: &[Atom]) -> Part {
    if let [Atom::Deep] = atoms {
        return Part::Deep;
    }
    let name: Option<Vec<u8>> = atoms.iter().map(byte).collect();
    name.map_or_else(|| Part::Wild(atoms.to_vec()), Part::Name)
}

pub(super) fn byte(atom: &Atom) -> Option<u8> {
    match atom {
        Atom::Byte(byte) => Some(*byte),
        Atom::Any | Atom::Many | Atom::Set(_) | Atom::Deep => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    WithThePattern,
    AtTheBrace,
}

struct Reader<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
}

impl Reader<'_> {
    /// The branches up to the end, nested ones written out.
    fn branches(&mut self, ends: Ends) -> Option<Vec<Vec<Atom>>> {
        let mut done = Vec::new();
        let mut open = vec![Vec::new()];
        while let Some(c) = self.rest.next() {
            match c {
                '{' => open = each(&open, &self.branches(Ends::AtTheBrace)?)?,
                '}' if ends == Ends::AtTheBrace => break,
                ',' if ends == Ends::AtTheBrace => {
                    done.append(&mut std::mem::replace(&mut open, vec![vec![]]))
                }
                '*' if self.rest.next_if_eq(&'*').is_some() => push(&mut open, &[Atom::Deep]),
                '*' => push(&mut open, &[Atom::Many]),
                '?' => push(&mut open, &[Atom::Any]),
                '[' => push(&mut open, &[Atom::Set(self.set())]),
                '\\' => push(&mut open, &bytes(self.rest.next().unwrap_or('\\'))),
                c => push(&mut open, &bytes(c)),
            }
        }
        done.append(&mut open);
        (done.len() <= MOST_ALTERNATIVES).then_some(done)
    }

    /// The inside of a set, with `globset`'s reading of `-`.
    fn set(&mut self) -> Set {
        let negated = self.rest.next_if(|c| matches!(c, '!' | '^')).is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut spans = false;
        for c in self.rest.by_ref() {
            match (c, ranges.last_mut()) {
                (']', Some(_)) => break,
                (c, Some(last)) if spans => {
                    last.1 = c;
                    spans = false;
                }
                ('-', Some(_)) => spans = true,
                (c, _) => ranges.push((c, c)),
            }
        }
        if spans {
            ranges.push(('-', '-'));
        }
        Set { negated, ranges }
    }
}

fn bytes(c: char) -> Vec<Atom> {
    c.encode_utf8(&mut [0; 4]).bytes().map(Atom::Byte).collect()
}

fn push(open: &mut [Vec<Atom>], atoms: &[Atom]) {
    open.iter_mut().for_each(|line| line.extend_from_slice(atoms));
}

/// Every line followed by every branch.
fn each(lines: &[Vec<Atom>], branches: &[Vec<Atom>]) -> Option<Vec<Vec<Atom>>> {
    if lines.len().saturating_mul(branches.len()) > MOST_ALTERNATIVES {
        return None;
    }
    Some(
        lines
            .iter()
            .flat_map(|line| branches.iter().map(move |branch| [&line[..], branch].concat()))
            .collect(),
    )
}
