use proptest::prelude::*;

use super::*;

const OID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn batch(body: &str) -> Vec<u8> {
    format!("{OID} commit {}\n{body}\n", body.len()).into_bytes()
}

fn with_message(message: &str) -> Commit {
    let body = format!(
        "tree {OID}\nparent {OID}\nauthor Ada Example <ada@acme.example> 1700000000 +0100\n\
         committer GitHub <noreply@forge.example> 1700000001 +0000\ngpgsig -----BEGIN\n author Eve <e@e> 1 +0\n \n\
         \n{message}"
    );
    parse_commits(&batch(&body)).unwrap().remove(0)
}

fn trailers(message: &str) -> Vec<(String, String)> {
    with_message(message).trailers.into_iter().map(|t| (t.key, t.value)).collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn reads_a_commit_by_its_length() {
    let hostile = format!("title\n\n{OID} commit 5\nauthor Eve <eve@evil.example> 1 +0000\0\n");
    let commit = with_message(&hostile);
    let author = Ident { name: "Ada Example".into(), email: "ada@acme.example".into(), at: 1_700_000_000 };
    assert_eq!(commit.author, author);
    assert_eq!(commit.committer.email, "noreply@forge.example");
    assert_eq!((commit.parents.len(), commit.message), (1, hostile));
}

#[test]
fn refuses_what_is_no_complete_commit() {
    let ident = "<a@acme.example> 1 +0000";
    for odd in [
        format!("{OID} missing\n").into_bytes(),
        format!("{OID} blob 1\nx\n").into_bytes(),
        format!("{OID} commit 9\nx\n").into_bytes(),
        batch(&format!("tree {OID}\nauthor A {ident}\n\nno committer")),
        batch(&format!("tree {OID}\nauthor A {ident}\nauthor B {ident}\ncommitter A {ident}\n\ntwo authors")),
        batch(&format!("tree {OID}\nparent abc\nauthor A {ident}\ncommitter A {ident}\n\nshort parent")),
        batch(&format!("author A {ident}\ncommitter A {ident}\n\nx"))[..80].to_vec(),
    ] {
        assert!(parse_commits(&odd).is_err(), "{:?}", String::from_utf8_lossy(&odd));
    }
}

#[test]
fn keeps_unreadable_people_as_nobody() {
    assert_eq!(ident(b"no address at all"), Ident { name: "no address at all".into(), ..Ident::default() });
    assert_eq!(ident(b"A <b> c> soon"), Ident { name: "A".into(), email: "b".into(), at: 0 });
    assert_eq!(ident(b"<>"), Ident::default());
}

#[test]
fn reads_trailers_of_the_last_paragraph() {
    let found = trailers(
        "title\n\nKey: not here\n\nSigned-off-by: Ada <a@acme.example>\nLong: one\n two\r\nprose\n\n",
    );
    assert_eq!(found, [pair("Signed-off-by", "Ada <a@acme.example>"), pair("Long", "one two")]);
    assert_eq!(trailers("fix: a typo"), []);
    assert_eq!(trailers("fix: a typo\nAssisted-by: Bot"), [pair("Assisted-by", "Bot")]);
}

#[test]
fn finds_co_authors_anywhere() {
    let found = trailers(
        "CO-AUTHORED-BY: A <a@a.example>\n\n  co-authored-by: B <b@b.example>\n> Co-Authored-By: C <c@c.example>\n\nend",
    );
    assert_eq!(found.iter().map(|t| &t.1[..1]).collect::<String>(), "ABC");
}

#[test]
fn bounds_messages_but_reads_their_end() {
    let commit =
        with_message(&format!("t\n\n{}\n\nCo-authored-by: B <b@b.example>\n", "ü".repeat(MAX_MESSAGE)));
    assert!(commit.message.len() <= MAX_MESSAGE);
    assert_eq!(commit.trailers.len(), 1);
    let many = "t\n\n".to_owned() + &"K: v\n".repeat(1001);
    let body = format!("author A <a@a> 1 +0000\ncommitter A <a@a> 1 +0000\n\n{many}");
    assert_eq!(parse_commits(&batch(&body)), Err(ParseError::TooMany("trailers")));
}

proptest! {
    #[test]
    fn is_total(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_commits(&bytes);
        let body = [b"author A <a@a> 1 +0000\ncommitter A <a@a> 1 +0000\n", bytes.as_slice()].concat();
        let head = format!("{OID} commit {}\n", body.len());
        let _ = parse_commits(&[head.as_bytes(), &body, b"\n"].concat());
    }

    #[test]
    fn a_message_cannot_change_the_commit(message in any::<String>()) {
        let commit = with_message(&message);
        prop_assert_eq!(commit.author.name, "Ada Example");
        prop_assert_eq!(commit.parents.len(), 1);
    }
}
