//! How file systems that do not tell some names apart see a path.
//!
//! macOS ignores invisible characters and folds two letters from outside ASCII into it; Windows drops trailing dots and
//! spaces. `AGENTſ.md` and `CLAUDE.md.` are then read as the real thing on somebody's machine. Git guards `.git` the same
//! way (CVE-2014-9390).

/// The lower-cased path as the laxest file system would see it, when that differs from plain lower case.
pub(super) fn as_file_systems_do(path: &[u8]) -> Option<Vec<u8>> {
    if path.is_ascii() && !ends_lax(path) {
        return None;
    }
    let text = String::from_utf8_lossy(path);
    let letters: String = text.chars().filter(|c| !is_ignored(*c)).map(fold).collect();
    let names: Vec<&str> = letters.split('/').map(|name| name.trim_end_matches(['.', ' '])).collect();
    let folded = names.join("/").into_bytes();
    (folded != path.to_ascii_lowercase()).then_some(folded)
}

/// Whether a name in it ends with what Windows drops.
fn ends_lax(path: &[u8]) -> bool {
    let dropped = |byte: &u8| matches!(byte, b'.' | b' ');
    // Looks at all of it rather than stopping early: that is many bytes at once.
    let inner = path.iter().zip(path.iter().skip(1));
    let inside = inner.fold(false, |found, (before, byte)| found | (dropped(before) & (*byte == b'/')));
    inside || path.last().is_some_and(dropped)
}

fn fold(c: char) -> char {
    match c {
        '\u{017f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}

/// What HFS+ ignores in names (git's `utf8.c`, `next_hfs_char`).
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}
