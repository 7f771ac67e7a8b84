//! Text that people do not see, read from real objects.

use change::{CodePoint, HiddenText};

use super::*;

impl Stage {
    async fn hidden(&self, base: &Sha, head: &Sha) -> Result<Vec<String>, GitError> {
        self.cache.hidden(&self.ask(base, head)).await.map(|found| shown(&found))
    }
}

fn shown(found: &[HiddenText]) -> Vec<String> {
    let one = |hidden: &HiddenText| {
        let spots: Vec<String> =
            hidden.spots.iter().map(|spot| format!("{}:{}", spot.line, spot.code)).collect();
        format!("{} {}", hidden.path.display(), spots.join(" "))
    };
    found.iter().map(one).collect()
}

#[tokio::test]
async fn text_that_hides_is_seen_in_added_lines_only() {
    let stage = Stage::new().await;
    let base = stage.forge.commit(
        "main",
        None,
        "first",
        &[
            forge::file("644", "there.rs", "one\u{202e}\ntwo\n"),
            forge::file("644", "gone.rs", "\u{202e}\n"),
            forge::file("644", "kept.rs", "\u{202e}\n"),
            forge::file("644", "run.sh", "\u{200b}\n"),
        ]
        .concat(),
    );
    let head = stage.forge.commit(
        "topic",
        Some(&base),
        "second",
        &[
            "D gone.rs\n".to_owned(),
            forge::file("644", "there.rs", "new\none\u{202e}\ntwo\n"),
            forge::file("755", "run.sh", "\u{200b}\n"),
            forge::file("644", "b.rs", "fine\nadmin\u{200b}s\n"),
            forge::file("644", "copy.rs", "admin\n"),
            forge::file("644", "\"odd\\nname\"", "\u{e0041}\n"),
            forge::file("644", "logo.png", "\0\u{200b}"),
            forge::file("644", "\u{200b}.txt", "fine\n"),
            "M 120000 inline link\ndata 4\na\u{200b}\n".to_owned(),
            "M 160000 1111111111111111111111111111111111111111 module\n".to_owned(),
        ]
        .concat(),
    );
    let found = stage.hidden(&base, &head).await.unwrap();
    assert_eq!(found, ["b.rs 2:U+200B", "link 1:U+200B", "odd\\nname 1:U+E0041"]);
    // What only counted lines ask for is not asked for here.
    assert_eq!(stage.change(&base, &head).await.unwrap().lines, None);
}

#[tokio::test]
async fn what_was_read_once_needs_no_forge_and_no_objects() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let many: String = (0..40).map(|n| forge::file("644", &format!("f{n}"), &format!("{n}\n"))).collect();
    let head = stage.forge.commit("topic", Some(&base), "second", &many);
    stage.change(&base, &head).await.unwrap();
    let (fetches, posts) = (stage.forge.fetches.load(Ordering::SeqCst), stage.forge.posts());
    assert_eq!(stage.hidden(&base, &head).await.unwrap(), Vec::<String>::new());
    assert_eq!(stage.forge.fetches.load(Ordering::SeqCst), fetches + 1, "all contents come at once");
    assert_eq!(stage.forge.posts(), posts + 1);
    fs::remove_dir_all(stage.cache.root().join("7/objects.git")).unwrap();
    let again = GitCache::open(stage.cache.root().to_owned(), quick()).unwrap();
    for cache in [&stage.cache, &again] {
        assert_eq!(cache.hidden(&stage.ask(&base, &head)).await.unwrap().len(), 0);
    }
    assert_eq!(stage.forge.posts(), posts + 1);
}

#[tokio::test]
async fn too_much_to_read_is_no_answer() {
    let stage = Stage::with(Limits { max_output: 64 << 10, ..quick() }).await;
    let base = stage.forge.commit("main", None, "first", "");
    let large =
        stage.forge.commit("large", Some(&base), "x", &forge::file("644", "a", &"x".repeat(70 << 10)));
    assert_eq!(stage.hidden(&base, &large).await, Err(GitError::TooLarge("bytes")));
    let picture = forge::file("644", "a.png", &"x".repeat(70 << 10));
    let picture = stage.forge.commit("picture", Some(&base), "x", &picture);
    assert_eq!(stage.hidden(&base, &picture).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn more_files_than_anybody_hides_in_by_accident_are_no_answer() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let many: String = (0..1001).map(|n| forge::file("644", &format!("f{n}"), "\u{200b}")).collect();
    let many = stage.forge.commit("many", Some(&base), "x", &many);
    let told = GitError::TooLarge("files with text that people do not see");
    assert_eq!(stage.hidden(&base, &many).await, Err(told));
}

#[tokio::test]
async fn histories_without_a_common_commit_are_read_whole() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a", "\u{202e}\n"));
    let head = stage.forge.commit("orphan", None, "elsewhere", &forge::file("644", "a", "\u{202e}\n"));
    assert_eq!(stage.hidden(&base, &head).await.unwrap(), ["a 1:U+202E"]);
    assert_eq!(CodePoint::from('\u{202e}').to_string(), "U+202E");
}
