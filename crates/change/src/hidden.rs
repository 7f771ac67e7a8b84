//! Text that people do not see: characters that show nothing, or rearrange what stands around them.
//!
//! Which characters those are is Unicode's word (`Default_Ignorable_Code_Point`, `Bidi_Control`), as is where they belong:
//! `context` knows the places in which a script or an emoji needs one. Everything else is found. Only lines count that
//! were not there before; which files are text at all is up to `text`.

mod context;
mod text;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RawPath;

pub use text::is_read;

/// What is found of one file: other characters are only counted.
const MOST_SPOTS: usize = 5;
/// So many different characters are told apart; a hostile file has all of them.
const MOST_KINDS: usize = 64;

/// Characters that people do not see, in lines that a change adds to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenText {
    /// The file.
    pub path: RawPath,
    /// Some of the characters, each once, in the order of the file; soft hyphens last.
    pub spots: Vec<Spot>,
    /// How many there are in all.
    pub total: u64,
}

/// One character and where it stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// The line, counted from 1.
    pub line: u32,
    /// Which character.
    pub code: CodePoint,
    /// How many there are.
    pub count: u32,
}

/// A character that is never written as itself, in facts neither: `U+202E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodePoint(char);

impl CodePoint {
    /// What kind of character it is, for people.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self.0 {
            '\0' => "a NUL, for which the forge shows none of the file",
            SOFT_HYPHEN => "a soft hyphen",
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                "a bidi control"
            }
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => "a zero-width character",
            '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
                "a variation selector"
            }
            '\u{e0000}'..='\u{e007f}' => "a tag character",
            _ => "an invisible character",
        }
    }

    /// Whether it is a soft hyphen, which is common in prose and shows where a word is broken.
    #[must_use]
    pub fn is_soft_hyphen(self) -> bool {
        self.0 == SOFT_HYPHEN
    }
}

const SOFT_HYPHEN: char = '\u{ad}';

impl fmt::Display for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X}", u32::from(self.0))
    }
}

impl From<char> for CodePoint {
    fn from(c: char) -> Self {
        Self(c)
    }
}

impl TryFrom<String> for CodePoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_number = |digits: &&str| digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let digits = text.strip_prefix("U+").filter(is_number);
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let c = number.and_then(char::from_u32);
        c.map(Self).ok_or_else(|| format!("`{}` is no code point", text.escape_debug()))
    }
}

impl From<CodePoint> for String {
    fn from(code: CodePoint) -> Self {
        code.to_string()
    }
}

/// Whether a character shows nothing or rearranges its neighbours: `Default_Ignorable_Code_Point` and `Bidi_Control` of
/// Unicode 16 (`DerivedCoreProperties.txt`, `PropList.txt`), line and paragraph separators, interlinear annotations.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character must not be shown as itself: [`is_invisible`], a control character, or a blank that looks like
/// nothing.
#[must_use]
pub fn is_disguise(c: char) -> bool {
    c.is_control() || c == '\u{2800}' || is_invisible(c)
}

/// What is hidden in a file as it is now, in lines that it did not have before.
///
/// Lines are the same when their bytes are; a line that was moved within the file was there before. `None` also for what
/// is no text, such as pictures.
#[must_use]
pub fn in_file(path: &RawPath, before: Option<&[u8]>, now: &[u8]) -> Option<HiddenText> {
    let now = text::decode(path.as_bytes(), now)?;
    let old = before.and_then(|before| text::decode(path.as_bytes(), before));
    let mut there = BTreeMap::<&[u8], usize>::new();
    for line in old.as_deref().unwrap_or_default().split(|b| *b == b'\n').filter(|line| is_odd(line)) {
        *there.entry(line).or_default() += 1;
    }
    let mut found = Found::default();
    for (at, line) in now.split(|b| *b == b'\n').enumerate().filter(|(_, line)| is_odd(line)) {
        match there.get_mut(line) {
            Some(left) if *left > 0 => *left -= 1,
            _ => found.line(at, line),
        }
    }
    found.of(path)
}

/// What is hidden in the name of a file.
#[must_use]
pub fn in_path(path: &RawPath) -> Vec<Spot> {
    let mut found = Found::default();
    if is_odd(path.as_bytes()) {
        found.inside(0, path.as_bytes(), context::Place::Name);
    }
    found.spots()
}

/// What is hidden in a title or a message, by lines.
#[must_use]
pub fn in_message(text: &str) -> Vec<Spot> {
    let mut found = Found::default();
    for (at, line) in text.split('\n').enumerate().filter(|(_, line)| is_odd(line.as_bytes())) {
        found.inside(at, line.as_bytes(), context::Place::Message);
    }
    found.spots()
}

/// Whether there can be anything in it. Nearly every line is plain ASCII.
fn is_odd(line: &[u8]) -> bool {
    !line.is_ascii() || line.contains(&0)
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    spots: BTreeMap<CodePoint, Spot>,
    total: u64,
}

impl Found {
    fn line(&mut self, at: usize, line: &[u8]) {
        let place = if at == 0 { context::Place::FirstLine } else { context::Place::Line };
        self.inside(at, line, place);
    }

    fn inside(&mut self, at: usize, line: &[u8], place: context::Place) {
        let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        for (nth, chunk) in line.utf8_chunks().enumerate() {
            // A byte that is no text parts what stands around it.
            let place = if nth == 0 { place } else { place.further_on() };
            context::misplaced(chunk.valid(), place, |c| self.one(number, CodePoint(c)));
        }
    }

    fn one(&mut self, line: u32, code: CodePoint) {
        self.total = self.total.saturating_add(1);
        if self.spots.len() < MOST_KINDS || self.spots.contains_key(&code) {
            let spot = self.spots.entry(code).or_insert(Spot { line, code, count: 0 });
            spot.count = spot.count.saturating_add(1);
        }
    }

    /// A few of them. What is worth a note only comes last, so that it never takes the place of anything else.
    fn spots(self) -> Vec<Spot> {
        let mut spots: Vec<Spot> = self.spots.into_values().collect();
        spots.sort_by_key(|spot| (spot.code.is_soft_hyphen(), spot.line, spot.code));
        spots.truncate(MOST_SPOTS);
        spots
    }

    fn of(self, path: &RawPath) -> Option<HiddenText> {
        let total = self.total;
        (total > 0).then(|| HiddenText { path: path.clone(), spots: self.spots(), total })
    }
}

#[cfg(test)]
mod tests;
