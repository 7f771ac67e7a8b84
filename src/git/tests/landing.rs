//! What lands, compared with what merging gives.

use policy::act::Landing;

use super::*;

const SAME: Landing = Landing { as_merged: true, strangers: 0 };

impl Stage {
    async fn landing(&self, onto: Onto<'_>, head: &Sha, result: &Sha) -> Result<Landing, GitError> {
        let url = &self.forge.url;
        let ask = LandingRequest { repo: RepoId(7), url, token: &self.token, pull: 1, onto, head, result };
        self.cache.landing(&ask).await
    }
}

/// A file whose ends two sides change.
fn ends(first: &str, last: &str) -> String {
    forge::file("644", "a", &format!("{first}\n2\n3\n4\n5\n{last}\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_merging_gives_is_told_from_everything_else() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", &ends("1", "6"));
    let base = stage.forge.commit("main", Some(&root), "base", &ends("one", "6"));
    let head = stage.forge.commit("topic", Some(&root), "head", &ends("1", "six"));
    let both = ends("one", "six");
    let evil = format!("{both}{}", forge::file("644", "b", "evil\n"));

    let merged = stage.forge.merge("main", &base, &head, &both);
    let squashed = stage.forge.commit("squashed", Some(&base), "squashed", &both);
    for good in [&merged, &squashed] {
        assert_eq!(stage.landing(Onto::Commit(&base), &head, good).await, Ok(SAME));
        assert_eq!(stage.landing(Onto::Above(1), &head, good).await, Ok(SAME));
    }
    let otherwise = Landing { as_merged: false, strangers: 0 };
    let bad = [
        stage.forge.merge("evil", &base, &head, &evil),
        stage.forge.commit("evil-squash", Some(&base), "evil", &evil),
        stage.forge.merge("ours", &base, &head, &ends("one", "6")),
    ];
    for bad in &bad {
        assert_eq!(stage.landing(Onto::Commit(&base), &head, bad).await, Ok(otherwise));
    }
    let more = stage.forge.commit("more", Some(&merged), "more", "");
    let strangers = Landing { as_merged: true, strangers: 1 };
    assert_eq!(stage.landing(Onto::Commit(&base), &head, &more).await, Ok(strangers));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_commit_anew_is_as_good_and_a_contradiction_is_not() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", &ends("1", "6"));
    let base = stage.forge.commit("main", Some(&root), "base", &ends("one", "6"));
    let first = stage.forge.commit("topic", Some(&root), "first", &forge::file("644", "b", "1\n"));
    let head = stage.forge.commit("topic", Some(&first), "second", &forge::file("644", "c", "1\n"));
    let again = stage.forge.commit("main", Some(&base), "first", &forge::file("644", "b", "1\n"));
    let rebased = stage.forge.commit("main", Some(&again), "second", &forge::file("644", "c", "1\n"));
    assert_eq!(stage.landing(Onto::Above(2), &head, &rebased).await, Ok(SAME));
    assert!(stage.landing(Onto::Above(9), &head, &rebased).await.is_err(), "there is no such ancestor");

    let clash = stage.forge.commit("clash", Some(&root), "clash", &ends("eins", "6"));
    let resolved = stage.forge.merge("main", &base, &clash, &ends("eins", "6"));
    let found = stage.landing(Onto::Commit(&base), &clash, &resolved).await.unwrap();
    assert!(!found.as_merged, "somebody resolved it by hand");
}
