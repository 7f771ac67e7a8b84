use super::*;
use crate::facts::{Linked, Signature};
use crate::identity::tests::{Story, person, sha};

const ID: &str = "7+ada@users.noreply.github.com";

fn reasons(pull: &Pull) -> Vec<(Sha, String)> {
    unattributed(pull)
}

#[test]
fn a_linked_account_or_a_number_answers() {
    let linked = Person {
        account: Some(Linked { id: UserId(7), login: "ada".into() }),
        ..person("Ada", "ada@a.example")
    };
    let pull = Story::default().commit(1, linked, "x").commit(2, person("Ada", ID), "x").pull();
    assert_eq!(reasons(&pull), []);
}

#[test]
fn an_unlinked_address_does_not() {
    for address in ["root@localhost", "", "ada@users.noreply.github.com", "\u{202e}x@y.example"] {
        let pull = Story::default().commit(1, person("Ada", address), "x").pull();
        let found = reasons(&pull);
        assert_eq!(found.len(), 1, "{address}");
        assert!(
            found[0].1.ends_with("belongs to no account") && !found[0].1.contains('\u{202e}'),
            "{found:?}"
        );
    }
}

#[test]
fn a_merge_by_github_is_its_authors() {
    let mut story = Story::default().commit(1, person("Ada", ID), "Merge branch 'main'");
    story.listed[0].committer = Some(person("GitHub", "noreply@github.com"));
    story.listed[0].signature = Some(Signature { valid: true, by_github: true, signer: None });
    assert_eq!(reasons(&story.pull()), []);
}

#[test]
fn a_commit_that_the_forge_does_not_list_is_nobodys() {
    let mut story = Story::default().commit(1, person("Ada", ID), "x").commit(2, person("Ada", ID), "x");
    story.listed.pop();
    let found = reasons(&story.pull());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, sha(2));
    assert!(found[0].1.contains("does not list"));
}

#[test]
fn a_commit_that_only_the_forge_lists_is_asked_too() {
    let mut story = Story::default().commit(1, person("Ada", "root@localhost"), "x");
    story.commits.clear();
    assert_eq!(reasons(&story.pull()).len(), 1);
}

#[test]
fn without_an_author_nobody_answers() {
    let mut story = Story::default().commit(1, person("Ada", ID), "x");
    story.listed[0].authors.clear();
    assert_eq!(reasons(&story.pull())[0].1, "the forge names no author");
}

#[test]
fn not_knowing_the_forges_list_blames_only_what_has_no_number() {
    let story =
        Story::default().commit(1, person("Ada", ID), "x").commit(2, person("Ada", "a@b.example"), "x");
    let mut pull = story.pull();
    pull.commits = Fact::unknown("502");
    let found = reasons(&pull);
    assert_eq!(found.iter().map(|(oid, _)| oid.clone()).collect::<Vec<_>>(), [sha(2)]);
    assert!(found[0].1.ends_with("could not be read: 502"));
    pull.change = Fact::unknown("no git");
    assert_eq!(reasons(&pull), []);
}
