//! Where a character that shows nothing belongs: between letters whose script needs it, inside an emoji, at the start of a
//! file.
//!
//! Each rule lets through one character in one place, so that nothing can be carried in what is let through but a bit or
//! two for each character that people do see.

use super::is_invisible;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The first line of a file, where a byte order mark may stand.
    FirstLine,
    /// Any other line.
    Line,
    /// The name of a file.
    Name,
    /// A title or a message, in which bots break mentions.
    Message,
}

impl Place {
    /// The same, but not at its beginning.
    pub(super) fn further_on(self) -> Self {
        if self == Self::FirstLine { Self::Line } else { self }
    }
}

/// Calls `found` with each character that shows nothing where nothing needs it.
pub(super) fn misplaced(text: &str, place: Place, mut found: impl FnMut(char)) {
    let mut rest = text.chars();
    let (mut second, mut first): (Option<char>, Option<char>) = (None, None);
    while let Some(c) = rest.next() {
        if c == BLACK_FLAG
            && let Some(tagged) = FLAGS.iter().find_map(|flag| rest.as_str().strip_prefix(flag))
        {
            rest = tagged.chars();
        } else if c == '\0' || is_invisible(c) {
            let around = Around { second, first, next: rest.clone().next() };
            if !around.needs(c, place) {
                found(c);
            }
        }
        (second, first) = (first, Some(c));
    }
}

/// What stands around a character.
struct Around {
    /// The one before the one before.
    second: Option<char>,
    first: Option<char>,
    next: Option<char>,
}

impl Around {
    fn needs(&self, c: char, place: Place) -> bool {
        match c {
            '\u{feff}' => place == Place::FirstLine && self.first.is_none(),
            '\u{fe0e}' | '\u{fe0f}' => self.first.is_some_and(is_pictograph) || self.is_keycap(),
            '\u{200d}' => self.joins_emoji() || self.shapes_letters(),
            '\u{200c}' => self.shapes_letters(),
            '\u{200b}' => {
                let breaks_a_mention = place == Place::Message && self.first == Some('@');
                breaks_a_mention
                    || (self.first.is_some_and(is_unspaced) && self.next.is_some_and(is_unspaced))
            }
            '\u{180b}'..='\u{180f}' => self.first.is_some_and(is_mongolian),
            _ => false,
        }
    }

    /// `1`, selector, enclosing keycap (Unicode TS51, "emoji keycap sequence").
    fn is_keycap(&self) -> bool {
        self.first.is_some_and(|c| matches!(c, '0'..='9' | '#' | '*')) && self.next == Some('\u{20e3}')
    }

    /// Between two pictographs, the first of them with its selector perhaps (TS51, "emoji zwj sequence").
    fn joins_emoji(&self) -> bool {
        let before = match self.first {
            Some('\u{fe0f}') => self.second,
            first => first,
        };
        before.is_some_and(is_pictograph) && self.next.is_some_and(is_pictograph)
    }

    /// Behind a virama, or between two letters of scripts that join (RFC 5892, appendix A.1 and A.2).
    fn shapes_letters(&self) -> bool {
        let Some(first) = self.first else { return false };
        is_virama(first) || (is_joining(first) && self.next.is_some_and(is_joining))
    }
}

const BLACK_FLAG: char = '\u{1f3f4}';

/// The flags that are written with tags: England, Scotland and Wales (TS51, "emoji tag sequence"; `emoji-sequences.txt`
/// has no others).
const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Whether it is shown as a picture or as text, by what follows: the blocks that `emoji-data.txt` draws from.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Letters and marks of scripts in which a joiner changes how a word looks: Arabic, Syriac, N'Ko and Mongolian join; the
/// scripts of India, Myanmar and Cambodia make ligatures.
fn is_joining(c: char) -> bool {
    matches!(c,
        '\u{620}'..='\u{65f}' | '\u{66e}'..='\u{6d3}' | '\u{6d5}'..='\u{6dc}' | '\u{6df}'..='\u{6e8}'
        | '\u{6ea}'..='\u{6ef}' | '\u{6fa}'..='\u{6ff}' | '\u{710}'..='\u{77f}' | '\u{7ca}'..='\u{7f5}'
        | '\u{840}'..='\u{85b}' | '\u{8a0}'..='\u{8e1}' | '\u{8e3}'..='\u{963}' | '\u{971}'..='\u{df3}'
        | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{17d3}'
        | '\u{fb50}'..='\u{fbc1}' | '\u{fbd3}'..='\u{fd3d}' | '\u{fd50}'..='\u{fdfb}'
        | '\u{fe70}'..='\u{fefc}')
        || is_mongolian(c)
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18aa}')
}

/// Takes the vowel from the letter before it; a joiner behind it says how both are drawn.
fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
            | '\u{1039}'
            | '\u{103a}'
            | '\u{17d2}'
    )
}

/// Letters and marks of scripts that write no spaces between words, where a zero-width space says where a line may end:
/// Thai, Lao, Tibetan, Myanmar, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{edc}'..='\u{edf}'
        | '\u{f40}'..='\u{fbc}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{17d3}')
}
