//! What is found and what is let through. The characters stand here as escapes: this file is read by people.

use proptest::prelude::*;

use super::*;

fn file(path: &str, before: Option<&str>, now: &str) -> Option<HiddenText> {
    in_file(&RawPath::from(path), before.map(str::as_bytes), now.as_bytes())
}

/// Every spot as `line:code`.
fn shown(spots: &[Spot]) -> Vec<String> {
    spots.iter().map(|spot| format!("{}:{}", spot.line, spot.code)).collect()
}

fn found(now: &str) -> Vec<String> {
    file("src/a.ts", None, now).map(|hidden| shown(&hidden.spots)).unwrap_or_default()
}

#[test]
fn each_kind_of_hidden_text_is_found_where_it_stands() {
    for (text, place, kind) in [
        // CVE-2021-42574: the rest of the line reads backwards.
        ("a\nif (level != \"user\u{202e} \u{2066}// admin\") {", "2:U+202E", "a bidi control"),
        ("/*\u{2067}*/", "1:U+2067", "a bidi control"),
        ("a\u{200f}b", "1:U+200F", "a bidi control"),
        ("a\n\nadmin\u{200b}s = 1", "3:U+200B", "a zero-width character"),
        ("is\u{2060}Admin", "1:U+2060", "a zero-width character"),
        ("a\u{feff}b", "1:U+FEFF", "a zero-width character"),
        ("Run the tests.\u{e0049}\u{e0067}\u{e006e}", "1:U+E0049", "a tag character"),
        ("x\u{e0100}\u{e0101}", "1:U+E0100", "a variation selector"),
        ("x\u{fe01}", "1:U+FE01", "a variation selector"),
        ("const \u{3164} = 1", "1:U+3164", "an invisible character"),
        ("// a\u{2028}evil()", "1:U+2028", "an invisible character"),
        ("soft\u{ad}ly", "1:U+00AD", "a soft hyphen"),
        ("a\n\0", "2:U+0000", "a NUL, for which the forge shows none of the file"),
    ] {
        let hidden = file("src/a.ts", None, text).unwrap();
        assert_eq!(shown(&hidden.spots)[0], place, "{text:?}");
        assert_eq!(hidden.spots[0].code.kind(), kind);
    }
}

#[test]
fn what_scripts_and_emoji_need_is_let_through() {
    for text in [
        "\u{feff}export {};",
        // Persian, with a non-joiner inside of a word.
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        // Hebrew and Arabic need no controls.
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        // Devanagari and Sinhala behind a virama, at the end of a word as well.
        "\u{915}\u{94d}\u{200d}\u{937} \u{915}\u{94d}\u{200c} \u{dc1}\u{dca}\u{200d}\u{dbb}",
        // Thai, with a place for a line to end.
        "\u{e01}\u{e23}\u{e38}\u{e07}\u{200b}\u{e40}\u{e17}\u{e1e}",
        // A heart, a keycap, a family, a flag of England, a rainbow flag.
        "\u{2764}\u{fe0f} 1\u{fe0f}\u{20e3} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} \u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
        "\u{1f9d1}\u{1f3fd}\u{200d}\u{1f680}",
        "gr\u{fc}n \u{6587}\u{5b57} \u{a0}",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn the_same_characters_elsewhere_are_found() {
    for (text, place) in [
        // Two in a row carry more than the script needs.
        ("\u{645}\u{200c}\u{200c}\u{62e}", "1:U+200C"),
        ("a\u{200d}b", "1:U+200D"),
        ("a\u{fe0f}", "1:U+FE0F"),
        ("1\u{fe0f}2", "1:U+FE0F"),
        ("\u{2764}\u{fe0f}\u{fe0f}", "1:U+FE0F"),
        ("\u{1f600}\u{200d}x", "1:U+200D"),
        ("a\n\u{feff}b", "2:U+FEFF"),
        ("\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}", "1:U+E0062"),
        ("@\u{200b}alice", "1:U+200B"),
    ] {
        assert_eq!(found(text)[0], place, "{text:?}");
    }
}

#[test]
fn only_lines_that_were_not_there_count() {
    let old = "one\u{200b}\ntwo\n";
    assert_eq!(file("a.ts", Some(old), "new\none\u{200b}\ntwo\n"), None);
    assert_eq!(file("a.ts", Some(old), "two\none\u{200b}\n"), None, "it only moved");
    let twice = file("a.ts", Some(old), "one\u{200b}\none\u{200b}\n").unwrap();
    assert_eq!((shown(&twice.spots), twice.total), (vec!["2:U+200B".to_owned()], 1));
    let edited = file("a.ts", Some(old), "one\u{200b}!\ntwo\n").unwrap();
    assert_eq!(edited.spots[0].line, 1);
    assert_eq!(file("a.ts", Some(old), "two\n"), None, "it went away");
}

#[test]
fn what_is_no_text_is_not_read_and_a_nul_makes_no_program_binary() {
    let bytes = b"\0\x01\xe2\x80\x8b\xff";
    let of = |path: &str, bytes: &[u8]| in_file(&RawPath::from(path), None, bytes);
    for path in ["logo.png", "data.bin", "bin/tool", "model.unknown"] {
        assert_eq!(of(path, bytes), None, "{path}");
    }
    for path in ["src/a.ts", "AGENTS.md", ".cursorrules", "Makefile", "docs/conf.py", "ci.yml"] {
        let hidden = of(path, bytes).unwrap();
        assert_eq!(shown(&hidden.spots), ["1:U+0000", "1:U+200B"], "{path}");
    }
    assert!(of("bin/tool", b"#!/bin/sh\n# \0\xe2\x80\x8b\n").is_some(), "a script says so itself");
    assert!(
        of("latin.c", b"\xe9\n\xe2\x80\xae\n").is_some(),
        "bytes that are no text hide nothing behind them"
    );
    assert_eq!(of("latin.c", b"caf\xe9\n"), None);
    assert!(!is_read(b"a/b.PNG") && is_read(b"png") && is_read(b".png") && is_read(b"a.png.md"));
}

#[test]
fn utf_16_is_read_as_what_it_says() {
    let encoded = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    };
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let of = |text: &str| in_file(&RawPath::from("run.ps1"), None, &encoded(text, bytes));
        assert_eq!(of("echo ok\n"), None);
        assert_eq!(shown(&of("echo\nno\u{202e}\n").unwrap().spots), ["2:U+202E"]);
    }
}

#[test]
fn names_and_messages_are_read_as_well() {
    assert_eq!(shown(&in_path(&RawPath::from("AGENTS\u{200b}.md"))), ["1:U+200B"]);
    assert_eq!(in_path(&RawPath::from("\u{645}\u{6cc}\u{200c}\u{62e}.md")), []);
    assert_eq!(shown(&in_path(&RawPath::from("\u{feff}a"))), ["1:U+FEFF"]);
    // Bots keep mentions from reaching anybody with a zero-width space.
    assert_eq!(in_message("Bump by @\u{200b}alice\r\n"), []);
    assert_eq!(shown(&in_message("a\nb\u{e0041}")), ["2:U+E0041"]);
}

#[test]
fn soft_hyphens_take_the_place_of_nothing_else() {
    let text = format!("\u{ad}\n{}", "\u{200b}\u{2060}\u{2061}\u{2062}\u{2063}\u{202e}");
    let hidden = file("a.md", None, &text).unwrap();
    assert_eq!((hidden.spots.len(), hidden.total), (5, 7));
    assert!(hidden.spots.iter().all(|spot| !spot.code.is_soft_hyphen()));
}

#[test]
fn a_code_point_is_written_by_its_number() {
    let code = CodePoint::from('\u{202e}');
    assert_eq!(serde_json::to_string(&code).unwrap(), "\"U+202E\"");
    assert_eq!(serde_json::from_str::<CodePoint>("\"U+202E\"").unwrap(), code);
    for wrong in ["\"202E\"", "\"U+\"", "\"U+D800\"", "\"U+0000202E\"", "\"U++2\"", "\"\u{202e}\""] {
        assert!(serde_json::from_str::<CodePoint>(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_bytes_have_an_answer(
        path in prop::collection::vec(any::<u8>(), 0..12),
        old in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
        new in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let path = RawPath::new(path);
        let _ = in_path(&path);
        if let Some(hidden) = in_file(&path, old.as_deref(), &new) {
            prop_assert!(hidden.total > 0 && !hidden.spots.is_empty() && hidden.spots.len() <= MOST_SPOTS);
        }
        prop_assert_eq!(in_file(&path, Some(&new), &new), None);
    }

    #[test]
    fn nothing_is_hidden_behind_any_text(text in "\\PC{0,30}", at in 0..30usize, line in 0..5usize) {
        let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
        let (before, after) = text.split_at(at);
        let whole = format!("{}{before}\u{202e}{after}", "\n".repeat(line));
        let spots = found(&whole);
        prop_assert!(spots.contains(&format!("{}:U+202E", line + 1)), "{:?}", spots);
    }
}
