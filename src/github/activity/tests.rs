//! What a page of activities tells of a pull request with the commits 1, 2 and 3 on the base 0.

use policy::RepoName;

use super::*;

fn sha(n: usize) -> Sha {
    Sha::parse(&format!("{n:040x}")).unwrap()
}

fn moved(kind: &str, before: usize, after: usize, actor: u64) -> Activity {
    Activity {
        before: sha(before).to_string(),
        after: sha(after).to_string(),
        reference: "refs/heads/door".into(),
        activity_type: kind.into(),
        actor: (actor > 0).then(|| Actor { id: actor, login: format!("u{actor}"), kind: "User".into() }),
    }
}

fn check(page: &[Activity], expected: Result<&[u64], &str>) {
    let repository = Repository { id: RepoId(5), name: RepoName::parse("acme/web").unwrap() };
    let head = Branch { name: "door".into(), sha: sha(3) };
    let (commits, told) = ([sha(1), sha(2), sha(3)].into(), BTreeSet::new());
    let pushed = Pushed { repository: &repository, head: &head, commits: &commits, told: &told };
    match (pushed.read("refs/heads/door", page), expected) {
        (Told::Whole(pushers), Ok(ids)) => {
            assert_eq!(pushers.iter().map(|one| one.id.0).collect::<Vec<_>>(), ids);
        }
        (Told::Unseen(why), Err(part)) => assert!(!part.is_empty() && why.contains(part), "{why}"),
        (Told::Nothing, Err("")) => {}
        (told, expected) => panic!("{told:?}, not {expected:?}"),
    }
}

#[test]
fn everybody_who_pushed_since_the_base_counts() {
    check(&[moved("push", 2, 3, 7), moved("branch_creation", 0, 2, 8), moved("push", 9, 8, 9)], Ok(&[7, 8]));
    // A pull request from a long-lived branch: older pushes are of no concern.
    check(&[moved("push", 1, 3, 7), moved("push", 0, 1, 8), moved("push", 10, 0, 9)], Ok(&[7, 8]));
}

#[test]
fn what_a_forced_push_replaced_still_counts() {
    // 8 pushed 1 and 20, 7 replaced 20 by 3: the commit 1 is 8's all the same.
    check(&[moved("force_push", 20, 3, 7), moved("branch_creation", 0, 20, 8)], Ok(&[7, 8]));
    check(
        &[moved("force_push", 20, 3, 7), moved("push", 19, 20, 9), moved("push", 0, 19, 8)],
        Ok(&[7, 8, 9]),
    );
}

#[test]
fn newer_pushes_and_other_branches_are_left_out() {
    let mut other = moved("push", 1, 3, 9);
    other.reference = "refs/heads/doors".into();
    check(&[other, moved("push", 3, 4, 6), moved("branch_creation", 0, 3, 7)], Ok(&[7]));
    check(&[moved("push", 3, 4, 6)], Err(""));
    check(&[], Err(""));
}

#[test]
fn what_cannot_be_seen_is_unknown() {
    check(&[moved("push", 2, 3, 0), moved("branch_creation", 0, 2, 8)], Err("deleted"));
    let long: Vec<_> = (0..PAGE).map(|_| moved("push", 2, 3, 7)).collect();
    check(&long, Err("more than 100 times"));
    check(&long[..PAGE - 1], Ok(&[7]));
}
