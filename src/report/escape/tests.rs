//! What was hostile is harmless, by example and by property.

use proptest::prelude::*;

use super::*;

#[test]
fn running_text_makes_no_mark_and_no_link() {
    for (hostile, harmless) in [
        ("ping @acme/security", "ping @&#8203;acme/security"),
        ("fixes #12", "fixes \\#&#8203;12"),
        ("acme/web#12", "acme/web\\#&#8203;12"),
        ("GH-12, CVE-2026-1", "GH-&#8203;12, CVE-&#8203;2026-&#8203;1"),
        ("https://evil.example/x", "https:&#8203;//evil.example/x"),
        ("WWW.evil.example", "WWW\\.&#8203;evil.example"),
        ("a@b.example", "a@&#8203;b.example"),
        ("[x](y) ![z](w)", "\\[x\\](y) !\\[z\\](w)"),
        ("<img src=x> &lt;", "&lt;img src=x&gt; &amp;lt;"),
        ("**b** _i_ `c` ~s~ $m$", "\\*\\*b\\*\\* \\_i\\_ &#96;c&#96; \\~s\\~ \\$m\\$"),
        ("a\nb\r\n# c", "a\\\\nb\\\\r\\\\n\\#&#8203; c"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("12) item", "12\\) item"),
        ("=== x", "\\=== x"),
        ("rules.toml:3:1", "rules.toml:3:1"),
        (":tada: Note: x", ":&#8203;tada: Note: x"),
        ("4e7b0d1c4e7b0d", "4e7b0d&#8203;1c4e7b&#8203;0d"),
        ("safe\u{202e}gpj", "safe\\\\u{202e}gpj"),
        ("tag\u{e0041}", "tag\\\\u{e0041}"),
        ("\u{1b}]0;x\u{7}", "\\\\u{1b}\\]0;x\\\\u{7}"),
    ] {
        assert_eq!(inline(hostile), harmless, "{hostile:?}");
    }
}

#[test]
fn code_spans_outgrow_what_they_hold() {
    assert_eq!(code("main"), "`main`");
    assert_eq!(code("a`b"), "``a`b``");
    assert_eq!(code("`a``"), "``` `a`` ```");
    assert_eq!(code(""), "`  `");
    assert_eq!(code(" a "), "`  a  `");
    assert_eq!(code("a\nb\u{200b}"), "`a\\nb\\u{200b}`");
}

#[test]
fn a_fence_stays_shorter_than_what_github_can_read() {
    let span = code(&"`".repeat(200));
    assert_eq!(closes_at(&span), Some(span.len()));
    assert!(span.chars().take_while(|c| *c == '`').count() < 80);
}

#[test]
fn prose_quotes_what_stands_between_backticks() {
    assert_eq!(prose("`a_b` may not push to `main`"), "`a_b` may not push to `main`");
    assert_eq!(prose("an @odd ` one"), "an @&#8203;odd &#96; one");
    assert_eq!(prose("`a``b`"), "`a` `b`");
    assert_eq!(prose("``"), "&#96;&#96;");
}

#[test]
fn a_cut_is_marked_and_keeps_escapes_whole() {
    assert_eq!(inline_within("<<<<", 12), "&lt;&lt;…");
    assert_eq!(plain("ab\u{202e}cd", 10), "ab…");
    assert_eq!(plain("abcdef", 4), "abc…");
    assert_eq!(plain("abcd", 4), "abcd");
    assert!(code(&"é".repeat(10_000)).ends_with("…`"));
    assert!(terminal(&"x".repeat(10_000)).ends_with('…'));
}

/// Where the code span that opens the text closes, by CommonMark 6.1.
fn closes_at(text: &str) -> Option<usize> {
    let fence = text.bytes().take_while(|b| *b == b'`').count();
    let mut at = fence;
    while at < text.len() {
        let run = text.as_bytes()[at..].iter().take_while(|b| **b == b'`').count();
        if run == fence && fence > 0 {
            return Some(at + run);
        }
        at += run.max(1);
    }
    None
}

fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "@",
        "#",
        "`",
        "``",
        "<",
        ">",
        "&",
        "\\",
        "\n",
        "\r",
        "\t",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
        "\u{85}",
        "http://",
        "www.",
        "GH-1",
        "acme/web#1",
        "@user",
        "[a](b)",
        "<!--",
        "| a |",
        "$x$",
        "4e7b0d1c",
        "- ",
        "1. ",
        "***",
        "~~~",
        "é",
        "🦀",
        " ",
    ]);
    let text =
        prop_oneof![nasty.prop_map(str::to_owned), any::<char>().prop_map(String::from), "[ -~]{0,20}"];
    prop::collection::vec(text, 0..60).prop_map(|parts| parts.concat())
}

/// Whether the character is preceded by an odd number of backslashes.
fn escaped(text: &str, at: usize) -> bool {
    text.as_bytes()[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

fn check_inline(out: &str) -> Result<(), TestCaseError> {
    prop_assert!(!out.chars().any(|c| is_disguise(c) || c == '\n'), "invisible in {out:?}");
    prop_assert!(!out.contains(['<', '>', '`']), "markup in {out:?}");
    let lower = out.to_ascii_lowercase();
    prop_assert!(!lower.contains("://") && !lower.contains("www."), "link in {out:?}");
    for (at, c) in out.char_indices() {
        let after = &out[at + c.len_utf8()..];
        if matches!(c, '*' | '_' | '[' | ']' | '~' | '|' | '$') {
            prop_assert!(escaped(out, at), "{c} in {out:?}");
        }
        if c == '@' {
            prop_assert!(after.starts_with(BREAK), "mention in {out:?}");
        }
        if c == '#' && !out[..at].ends_with('&') {
            prop_assert!(after.starts_with(BREAK), "reference in {out:?}");
        }
    }
    let mut run = 0;
    for c in out.replace(BREAK, "\n").chars() {
        run = if c.is_ascii_hexdigit() { run + 1 } else { 0 };
        prop_assert!(run < 7, "commit in {out:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn inline_is_harmless(text in hostile()) {
        let out = inline(&text);
        check_inline(&out)?;
        prop_assert!(out.len() <= INLINE_BYTES);
    }

    #[test]
    fn code_never_ends_early(text in hostile()) {
        let out = code(&text);
        prop_assert_eq!(closes_at(&out), Some(out.len()), "{:?}", out);
        prop_assert!(!out.chars().any(is_disguise));
        prop_assert!(out.len() <= CODE_BYTES + 2 * (LONGEST_RUN + 2));
    }

    #[test]
    fn prose_is_code_spans_and_harmless_text(text in hostile()) {
        let out = prose(&text);
        prop_assert!(out.len() <= INLINE_BYTES + 64, "{}", out.len());
        let mut rest = out.as_str();
        while let Some(open) = rest.find('`') {
            check_inline(&rest[..open])?;
            let close = closes_at(&rest[open..]);
            prop_assert!(close.is_some(), "open span in {:?}", out);
            rest = &rest[open + close.unwrap()..];
        }
        check_inline(rest)?;
        prop_assert!(!out.chars().any(is_disguise));
    }

    #[test]
    fn terminal_has_no_control_characters(text in hostile()) {
        let out = terminal(&text);
        prop_assert!(!out.chars().any(|c| c.is_control() || is_disguise(c)));
        prop_assert!(plain(&text, 20).chars().count() <= 20);
    }
}
