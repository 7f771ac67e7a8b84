//! Approved heads on a newer base.

use super::*;

impl Stage {
    async fn carried(&self, base: &Sha, approved: &Sha, head: &Sha) -> Result<bool, GitError> {
        let url = &self.forge.url;
        let ask = CarriedRequest { repo: RepoId(7), url, token: &self.token, pull: 1, base, approved, head };
        self.cache.carried(&ask).await
    }
}

fn file(path: &str, content: &str) -> String {
    forge::file("644", path, &format!("{content}\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_updated_branch_is_told_from_one_with_more_in_it() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", &file("a", "1"));
    let base = stage.forge.commit("main", Some(&root), "base", &file("b", "1"));
    let approved = stage.forge.commit("topic", Some(&root), "topic", &file("c", "1"));

    let updated = stage.forge.merge("updated", &approved, &base, &file("b", "1"));
    assert_eq!(stage.carried(&base, &approved, &updated).await, Ok(true));
    let newer = stage.forge.commit("main", Some(&base), "newer", &file("d", "1"));
    let twice = stage.forge.merge("twice", &updated, &newer, &file("d", "1"));
    assert_eq!(stage.carried(&newer, &approved, &twice).await, Ok(true));

    let evil = stage.forge.merge("evil", &approved, &base, &format!("{}{}", file("b", "1"), file("e", "1")));
    let more = stage.forge.commit("more", Some(&updated), "more", &file("e", "1"));
    // In the end it is the same; what came along the way nobody has approved.
    let back = stage.forge.commit("back", Some(&more), "back", "D e\n");
    let ours = stage.forge.merge("ours", &approved, &base, "D b\n");
    for bad in [&evil, &more, &back, &ours] {
        assert_eq!(stage.carried(&base, &approved, bad).await, Ok(false), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebased_branch_carries_the_same_patches_and_no_others() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", &file("a", "1"));
    let base = stage.forge.commit("main", Some(&root), "base", &file("b", "1"));
    let first = stage.forge.commit("topic", Some(&root), "first", &file("c", "1"));
    let approved = stage.forge.commit("topic", Some(&first), "second", &file("d", "1"));

    let again = stage.forge.commit("again", Some(&base), "first", &file("c", "1"));
    let rebased = stage.forge.commit("again", Some(&again), "second", &file("d", "1"));
    assert_eq!(stage.carried(&base, &approved, &rebased).await, Ok(true));

    let both = format!("{}{}", file("c", "1"), file("d", "1"));
    let squashed = stage.forge.commit("squashed", Some(&base), "both", &both);
    let changed = stage.forge.commit("changed", Some(&again), "second", &file("d", "2"));
    for bad in [&squashed, &changed] {
        assert_eq!(stage.carried(&base, &approved, bad).await, Ok(false), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contradiction_that_somebody_resolved_is_something_new() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", &file("a", "1"));
    let base = stage.forge.commit("main", Some(&root), "base", &file("a", "2"));
    let approved = stage.forge.commit("topic", Some(&root), "topic", &file("a", "3"));
    let resolved = stage.forge.merge("resolved", &approved, &base, &file("a", "3"));
    assert_eq!(stage.carried(&base, &approved, &resolved).await, Ok(false));
}
