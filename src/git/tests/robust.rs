//! Together, too slow, too large, too early, denied, damaged.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_question_from_many_is_one_fetch() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let one = stage.forge.commit("topic", Some(&base), "one", &forge::file("644", "a", "1\n"));
    let two = stage.forge.commit("topic", Some(&one), "two", &forge::file("644", "a", "2\n"));
    stage.change(&base, &one).await.unwrap();
    let alone = stage.forge.fetches.swap(0, Ordering::SeqCst);
    let asks = (0..20).map(|_| stage.change(&base, &two));
    for found in futures_util::future::join_all(asks).await {
        assert_eq!(found.unwrap().commits.len(), 2);
    }
    assert_eq!((alone, stage.forge.fetches.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_share_the_folder() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let heads: Vec<_> = (0..6)
        .map(|n| {
            stage.forge.commit(
                &format!("t{n}"),
                Some(&base),
                "x",
                &forge::file("644", &format!("f{n}"), "1\n"),
            )
        })
        .collect();
    // Each opened cache is what another process would have: only files in common.
    let others: Vec<_> =
        (0..3).map(|_| GitCache::open(stage.cache.root().to_owned(), quick()).unwrap()).collect();
    let asks: Vec<_> = others.iter().flat_map(|cache| heads.iter().map(move |head| (cache, head))).collect();
    let all = asks
        .iter()
        .map(|(cache, head)| async { cache.change(&stage.ask(&base, head)).await.map(|c| c.files.len()) });
    for found in futures_util::future::join_all(all).await {
        assert_eq!(found, Ok(1));
    }
}

#[tokio::test]
async fn a_commit_that_git_does_not_have_yet_is_asked_for_again() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let elsewhere = Forge::start().await;
    let head = elsewhere.commit("main", None, "not pushed yet", &forge::file("644", "a", "1\n"));
    assert_eq!(stage.change(&base, &head).await, Err(GitError::NotThereYet));
    assert_eq!(stage.forge.commit("late", None, "not pushed yet", &forge::file("644", "a", "1\n")), head);
    assert_eq!(stage.change(&base, &head).await.unwrap().commits.len(), 1);
}

#[tokio::test]
async fn a_denied_token_is_refused_and_not_shown() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let wrong = SecretString::from("ghs_wrong");
    let ask = ChangeRequest { token: &wrong, ..stage.ask(&base, &base) };
    let error = stage.cache.change(&ask).await.unwrap_err();
    assert!(matches!(error, GitError::Refused(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("ghs_wrong"));
    let gone = stage.forge.url.replace("site", "gone");
    let error =
        stage.cache.change(&ChangeRequest { url: &gone, ..stage.ask(&base, &base) }).await.unwrap_err();
    assert!(matches!(error, GitError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_failing_forge_is_no_answer() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let nobody = "http://127.0.0.1:1/acme/site.git";
    let error =
        stage.cache.change(&ChangeRequest { url: nobody, ..stage.ask(&base, &base) }).await.unwrap_err();
    assert!(matches!(error, GitError::Broken { .. }), "{error:?}");
    // A redirect could lead the token anywhere.
    let moved = stage.forge.url.replace("/acme/", "/moved/");
    let error =
        stage.cache.change(&ChangeRequest { url: &moved, ..stage.ask(&base, &base) }).await.unwrap_err();
    assert!(matches!(error, GitError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn odd_addresses_are_not_tried() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    for url in [
        "ssh://git@forge.example/a/b.git",
        "file:///etc",
        "ext::sh -c id",
        "--upload-pack=id",
        "https://user@forge.example/a/b",
        "https://u:p@forge.example/a/b",
        "https://forge.example/a/b?x",
        "/tmp/x",
        "",
    ] {
        let error = stage.cache.change(&ChangeRequest { url, ..stage.ask(&base, &base) }).await.unwrap_err();
        assert!(matches!(error, GitError::Address(_)), "{url}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_takes_too_long_is_ended_with_its_children() {
    let stage = Stage::with(Limits { fetch_time: Duration::from_millis(700), ..quick() }).await;
    let base = stage.forge.commit("main", None, "first", "");
    let hung = stage.forge.url.replace("/acme/", "/hung/");
    let port = format!(":{}/hung/", stage.forge.port);
    let ask = ChangeRequest { url: &hung, ..stage.ask(&base, &base) };
    let look = async {
        stage.forge.hung.notified().await;
        forge::running(&port)
    };
    let (ended, seen) = tokio::join!(stage.cache.change(&ask), look);
    assert_eq!(ended, Err(GitError::TimedOut));
    // The helper was there, it had the address and no secret, and it is gone.
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|line| !line.contains(SECRET) && !line.contains(&forge::basic())), "{seen:?}");
    forge::eventually(|| forge::running(&port).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_nobody_waits_for_is_ended() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let hung = stage.forge.url.replace("/acme/", "/hung/");
    let port = format!(":{}/hung/", stage.forge.port);
    let ask = ChangeRequest { url: &hung, ..stage.ask(&base, &base) };
    tokio::select! {
        found = stage.cache.change(&ask) => panic!("{found:?}"),
        () = stage.forge.hung.notified() => {}
    }
    forge::eventually(|| forge::running(&port).is_empty()).await;
    assert_eq!(stage.change(&base, &base).await.unwrap().files, []);
}

#[tokio::test]
async fn what_is_over_a_limit_is_not_shortened() {
    let many: String = (0..5).map(|n| forge::file("644", &format!("f{n}"), "x\n")).collect();
    for (limits, error) in [
        (Limits { max_files: 4, ..quick() }, GitError::TooLarge("files")),
        (Limits { max_commits: 1, ..quick() }, GitError::TooLarge("commits")),
        (Limits { max_output: 100, ..quick() }, GitError::TooLarge("bytes")),
    ] {
        let stage = Stage::with(limits).await;
        let base = stage.forge.commit("main", None, "first", "");
        let one = stage.forge.commit("topic", Some(&base), "one", &many);
        let head = stage.forge.commit("topic", Some(&one), "two", "");
        assert_eq!(stage.change(&base, &head).await, Err(error));
    }
    let stage = Stage::with(Limits { max_files: 5, max_commits: 2, ..quick() }).await;
    let base = stage.forge.commit("main", None, "first", "");
    let one = stage.forge.commit("topic", Some(&base), "one", &many);
    let head = stage.forge.commit("topic", Some(&one), "two", "");
    assert_eq!(stage.change(&base, &head).await.unwrap().files.len(), 5);
}

#[tokio::test]
async fn dangerous_objects_are_not_taken_in() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.with_dot_git(&base);
    let error = stage.change(&base, &head).await.unwrap_err();
    assert!(matches!(&error, GitError::Unseen(why) if why.contains("hasDotgit")), "{error:?}");
}

#[tokio::test]
async fn a_damaged_cache_heals() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "a", "1\n"));
    stage.change(&base, &base).await.unwrap();
    let folder = Folder::new(stage.cache.root(), RepoId(7));
    folder.note(&head).unwrap();
    let error = stage.change(&base, &head).await.unwrap_err();
    assert!(matches!(error, GitError::Damaged { .. }), "{error:?}");
    assert_eq!(stage.change(&base, &head).await.unwrap().files.len(), 1);
}

#[tokio::test]
async fn many_packs_start_over() {
    let stage = Stage::with(Limits { max_packs: 1, ..quick() }).await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "a", "1\n"));
    stage.change(&base, &base).await.unwrap();
    let folder = Folder::new(stage.cache.root(), RepoId(7));
    assert_eq!(folder.packs(), 1);
    stage.change(&base, &head).await.unwrap();
    assert!(!folder.path.exists());
    let third = stage.forge.commit("topic", Some(&head), "third", "");
    assert_eq!(stage.change(&base, &third).await.unwrap().commits.len(), 2);
}

#[tokio::test]
async fn the_least_recently_used_repository_goes_first() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    for repo in [1, 2, 3, 4].map(RepoId) {
        stage.cache.change(&ChangeRequest { repo, ..stage.ask(&base, &base) }).await.unwrap();
    }
    let root = stage.cache.root().to_owned();
    let used = |repo: u64, age: u64| {
        let file = fs::File::options().write(true).open(root.join(repo.to_string()).join("used")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000 - age)).unwrap();
    };
    [(1, 40), (2, 30), (3, 20), (4, 10)].iter().for_each(|(repo, age)| used(*repo, *age));
    let each = folder::noted_bytes(&root.join("1"));
    assert!(each > 0);
    // Room for two and a bit: the two oldest must go, but the oldest is in use.
    let small = GitCache::open(root.clone(), Limits { max_bytes: each * 3 - 1, ..quick() }).unwrap();
    let held = Folder::new(&root, RepoId(1)).hold().await.unwrap();
    small.trim().await;
    let left = || [1, 2, 3, 4].map(|repo| root.join(repo.to_string()).exists());
    assert_eq!(left(), [true, false, false, true]);
    drop(held);
    // A new fetch over the limit trims by itself.
    small.change(&ChangeRequest { repo: RepoId(5), ..stage.ask(&base, &base) }).await.unwrap();
    assert_eq!(left(), [false, false, false, true]);
    assert_eq!(fs::read_dir(root.join("trash")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_killed_fetch_left_is_swept() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.commit("topic", Some(&base), "second", "");
    stage.change(&base, &base).await.unwrap();
    let left = stage.cache.root().join("7/objects.git/objects/pack/tmp_pack_abc");
    fs::write(&left, "half").unwrap();
    fs::create_dir_all(stage.cache.root().join("9/objects.new/objects")).unwrap();
    stage.change(&base, &head).await.unwrap();
    assert!(!left.exists());
    let other = ChangeRequest { repo: RepoId(9), ..stage.ask(&base, &head) };
    assert_eq!(stage.cache.change(&other).await.unwrap().commits.len(), 1);
}

#[tokio::test]
async fn a_fetch_that_brings_too_much_is_ended() {
    let stage = Stage::with(Limits { max_fetch_bytes: 5, ..quick() }).await;
    let folder = Folder::new(stage.cache.root(), RepoId(7));
    let packs = folder.git_dir.join("objects/pack");
    fs::create_dir_all(&packs).unwrap();
    fs::write(packs.join("tmp_pack_abc"), "12345").unwrap();
    let slow = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    };
    assert_eq!(fetch::bounded(&folder, &stage.cache.limits, slow).await, Ok(()));
    fs::write(packs.join("tmp_pack_abc"), "123456").unwrap();
    let endless = std::future::pending::<Result<(), GitError>>();
    let ended = fetch::bounded(&folder, &stage.cache.limits, endless).await;
    assert_eq!(ended, Err(GitError::TooLarge("bytes to fetch")));
}
