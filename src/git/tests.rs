//! The cache against real repositories over real HTTP.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::Ordering;

use change::Lines;
use change::{FileChange, Mode, Status};

use super::command::Call;
use super::*;

mod carried;
mod forge;
mod landing;
mod robust;
mod text;

use forge::{Forge, SECRET, lines};

fn quick() -> Limits {
    Limits { fetch_time: Duration::from_secs(60), ..Limits::default() }
}

struct Stage {
    forge: Forge,
    token: SecretString,
    cache: GitCache,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        Self::with(quick()).await
    }

    async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = GitCache::open(folder.path().join("git"), limits).unwrap();
        Self { forge: Forge::start().await, token: SecretString::from(SECRET), cache, folder }
    }

    fn ask<'a>(&'a self, base: &'a Sha, head: &'a Sha) -> ChangeRequest<'a> {
        ChangeRequest {
            repo: RepoId(7),
            url: &self.forge.url,
            token: &self.token,
            pull: 1,
            base,
            head,
            with_lines: LineCount::Skip,
        }
    }

    async fn change(&self, base: &Sha, head: &Sha) -> Result<Change, GitError> {
        self.cache.change(&self.ask(base, head)).await
    }

    async fn count(&self, base: &Sha, head: &Sha) -> Result<Lines, GitError> {
        let ask = ChangeRequest { with_lines: LineCount::Count, ..self.ask(base, head) };
        self.cache.change(&ask).await.map(|change| change.lines.unwrap())
    }
}

fn shown(files: &[FileChange]) -> Vec<String> {
    let one = |file: &FileChange| {
        format!("{:?} {:?}>{:?} {}", file.status, file.old_mode, file.new_mode, file.path.display())
    };
    files.iter().map(one).collect()
}

#[tokio::test]
async fn sees_every_kind_of_difference() {
    let stage = Stage::new().await;
    let submodule = "1111111111111111111111111111111111111111";
    let moved = "2222222222222222222222222222222222222222";
    let base = stage.forge.commit(
        "main",
        None,
        "first",
        &format!(
            "{}{}{}{}{}M 160000 {submodule} vendored\n",
            forge::file("644", "protected/a.txt", "a long enough text to be found as a rename\n"),
            forge::file("644", "run.sh", "#!/bin/sh\n"),
            forge::file("644", "real.txt", "text\n"),
            forge::file("644", "kept.txt", "kept\n"),
            // Asks git to hide every change of the submodule.
            forge::file(
                "644",
                ".gitmodules",
                "[submodule \"v\"]\n\tpath = vendored\n\turl = https://x.example/v\n\tignore = all\n"
            ),
        ),
    );
    let head = stage.forge.commit(
        "topic",
        Some(&base),
        "second",
        &format!(
            "R protected/a.txt open/a.txt\n{}D real.txt\n{}M 160000 {moved} vendored\n{}{}",
            forge::file("755", "run.sh", "#!/bin/sh\n"),
            "M 120000 inline real.txt\ndata 12\n../etc/rules\n",
            forge::file("644", "\"new\\nline\"", "x\n"),
            forge::file("644", "\"bad\\377utf8\"", "x\n"),
        ),
    );
    let change = stage.change(&base, &head).await.unwrap();
    assert_eq!(
        shown(&change.files),
        [
            "Added Absent>File bad\\xffutf8",
            "Added Absent>File new\\nline",
            "Added Absent>File open/a.txt",
            "Deleted File>Absent protected/a.txt",
            "TypeChanged File>Symlink real.txt",
            "Modified File>Executable run.sh",
            "Modified Submodule>Submodule vendored",
        ]
    );
    assert!(change.files[5].is_mode_only());
    assert_eq!(change.merge_base, Some(base));
    assert_eq!(change.commits.iter().map(|c| &c.oid).collect::<Vec<_>>(), [&head]);
    assert_eq!(change.lines, None);
    // Nothing was checked out and no content fetched.
    let objects = stage.cache.root().join("7/objects.git");
    let blobs = forge::git_in(&objects, &["cat-file", "--batch-all-objects", "--batch-check"]);
    assert!(!String::from_utf8_lossy(&blobs).contains(" blob "), "{}", String::from_utf8_lossy(&blobs));
}

#[tokio::test]
async fn sees_more_files_than_the_files_api() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let many: String = (0..3001).map(|n| forge::file("644", &format!("d{}/f{n}", n % 9), "x\n")).collect();
    let head = stage.forge.commit("topic", Some(&base), "many", &many);
    let change = stage.change(&base, &head).await.unwrap();
    assert_eq!(change.files.len(), 3001);
    assert!(change.files.iter().all(|f| (f.status, f.new_mode) == (Status::Added, Mode::File)));
}

#[tokio::test]
async fn an_empty_difference_is_empty() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a", "1\n"));
    let head = stage.forge.commit("topic", Some(&base), "nothing", "");
    let change = stage.change(&base, &head).await.unwrap();
    assert_eq!((change.files.len(), change.commits.len()), (0, 1));
    let behind = stage.change(&head, &base).await.unwrap();
    assert_eq!((behind.merge_base, behind.commits.len()), (Some(base), 0));
}

#[tokio::test]
async fn unrelated_histories_are_new_from_top_to_bottom() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a", "1\n"));
    let head = stage.forge.commit("orphan", None, "elsewhere", &forge::file("644", "a", "1\n2\n"));
    let change = stage.change(&base, &head).await.unwrap();
    assert_eq!((change.merge_base, shown(&change.files)), (None, vec!["Added Absent>File a".to_owned()]));
    assert_eq!(stage.count(&base, &head).await.unwrap(), Lines { added: 2, deleted: 0 });
}

#[tokio::test]
async fn several_merge_bases_are_not_guessed_at() {
    let stage = Stage::new().await;
    let root = stage.forge.commit("main", None, "root", "");
    let left = stage.forge.commit("main", Some(&root), "left", &forge::file("644", "l", "1\n"));
    let right = stage.forge.commit("topic", Some(&root), "right", &forge::file("644", "r", "1\n"));
    let base = stage.forge.merge("main", &left, &right, &forge::file("644", "r", "1\n"));
    let head = stage.forge.merge("topic", &right, &left, &forge::file("644", "l", "1\n"));
    let error = stage.change(&base, &head).await.unwrap_err();
    assert_eq!(error, GitError::Unseen("base and head have 2 merge bases".to_owned()));
}

#[tokio::test]
async fn commits_are_read_whole_and_in_order() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let hostile =
        format!("title\n\n{base} commit 5\nparent {base}\n\nCo-authored-by: Bot <bot@bot.example>\n");
    let one = stage.forge.commit("topic", Some(&base), &hostile, "");
    let side = stage.forge.commit("side", Some(&base), "side", "");
    let head = stage.forge.merge("topic", &one, &side, "");
    let change = stage.change(&base, &head).await.unwrap();
    let seen: BTreeSet<_> = change.commits.iter().map(|c| c.oid.clone()).collect();
    assert_eq!(seen, BTreeSet::from([one.clone(), side.clone(), head.clone()]));
    assert_eq!(change.commits[2].parents, [one.clone(), side]);
    let read = change.commits.iter().find(|c| c.oid == one).unwrap();
    assert_eq!((read.message.as_str(), read.parents.len()), (hostile.as_str(), 1));
    assert_eq!(read.trailers[0].value, "Bot <bot@bot.example>");
    assert_eq!((read.author.email.as_str(), read.author.at), ("ada@acme.example", 1_700_000_000));
}

#[tokio::test]
async fn lines_are_counted_whatever_files_say_about_themselves() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a.rs", "1\n2\n"));
    let head = stage.forge.commit(
        "topic",
        Some(&base),
        "second",
        &[
            forge::file("644", "a.rs", "1\n3\n4\n"),
            forge::file("644", "b.rs", "fn b() {}\n\0\n"),
            forge::file("644", ".gitattributes", "* -diff -text binary\n"),
        ]
        .concat(),
    );
    assert_eq!(stage.count(&base, &head).await.unwrap(), Lines { added: 5, deleted: 1 });
    assert_eq!(stage.change(&base, &head).await.unwrap().lines, None);
}

#[tokio::test]
async fn a_known_pair_needs_no_forge_and_no_objects() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "a", "1\n"));
    let change = stage.change(&base, &head).await.unwrap();
    let count = stage.count(&base, &head).await.unwrap();
    fs::remove_dir_all(stage.cache.root().join("7/objects.git")).unwrap();
    let posts = stage.forge.posts();
    let again = GitCache::open(stage.cache.root().to_owned(), quick()).unwrap();
    for cache in [&stage.cache, &again] {
        let ask = ChangeRequest { with_lines: LineCount::Count, ..stage.ask(&base, &head) };
        let mut counted = Change { lines: Some(count), ..change.clone() };
        counted.files[0].lines = Some(1);
        assert_eq!(cache.change(&ask).await.unwrap(), counted);
    }
    assert_eq!(stage.forge.posts(), posts);
}

#[tokio::test]
async fn facts_that_do_not_parse_are_read_again() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "a", "1\n"));
    let change = stage.change(&base, &head).await.unwrap();
    let file = stage.cache.root().join("7/facts").join(facts::change_file(&base, &head));
    let good = fs::read_to_string(&file).unwrap();
    for bad in
        ["", "{", &good.replace("\"version\":1", "\"version\":0"), &good.replace("\"path\":\"a\"", "\"p\":1")]
    {
        assert_ne!(bad, good);
        fs::write(&file, bad).unwrap();
        let again = GitCache::open(stage.cache.root().to_owned(), quick()).unwrap();
        assert_eq!(again.change(&stage.ask(&base, &head)).await.unwrap(), change);
        assert_eq!(fs::read_to_string(&file).unwrap(), good);
    }
}

#[tokio::test]
async fn nobody_elses_settings_reach_git() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", "");
    stage.change(&base, &base).await.unwrap();
    let dir = stage.cache.root().join("7/objects.git");
    let time = Duration::from_secs(20);
    let listed =
        stage.cache.git.run(Call::local(&dir, time, &["config", "--list", "--show-scope"])).await.unwrap();
    for line in lines(&listed.stdout) {
        assert!(line.starts_with("local\t") || line.starts_with("command\t"), "{line}");
    }
    assert!(lines(&listed.stdout).contains(&"command\tcore.hookspath=/dev/null".to_owned()));
    let told = stage.cache.git.run(Call::local(&dir, time, &["-c", "alias.x=!env", "x"])).await.unwrap();
    for line in lines(&told.stdout) {
        let name = line.split('=').next().unwrap();
        let ours = name.starts_with("GIT_")
            || ["HOME", "XDG_CONFIG_HOME", "LC_ALL", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name);
        assert!(
            ours || name.to_ascii_lowercase().ends_with("_proxy") || name.starts_with("SSL_CERT"),
            "{line}"
        );
    }
    let home = stage.cache.root().join("home");
    assert!(lines(&told.stdout).contains(&format!("HOME={}", home.display())));
    assert_eq!(fs::read_dir(home).unwrap().count(), 0);
}

#[tokio::test]
async fn the_token_is_in_no_argument_and_no_file() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a", "1\n"));
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "a", "2\n"));
    stage.count(&base, &head).await.unwrap();
    let basic = forge::basic();
    let remote = Remote::new(&stage.forge.url, &stage.token).unwrap();
    let folder = Folder::new(stage.cache.root(), RepoId(7));
    let call = read::numstat(&folder, None, &head, &remote, &stage.cache.limits);
    let command = stage.cache.git.command(&call);
    assert!(command.as_std().get_args().all(|arg| !arg.to_string_lossy().contains(SECRET)));
    assert!(command.as_std().get_args().all(|arg| !arg.to_string_lossy().contains(&stage.forge.url)));
    assert!(
        command.as_std().get_envs().any(|(_, v)| v.is_some_and(|v| v.to_string_lossy().contains(&basic)))
    );
    let everything = forge::read_everything(stage.folder.path());
    assert!(everything.len() > 10);
    for (path, bytes) in everything {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET) && !text.contains(&basic), "{}", path.display());
    }
}

#[tokio::test]
async fn replacements_and_hooks_have_no_effect() {
    let stage = Stage::new().await;
    let base = stage.forge.commit("main", None, "first", &forge::file("644", "a", "1\n"));
    let head = stage.forge.commit("topic", Some(&base), "second", &forge::file("644", "rules.toml", "2\n"));
    let next = stage.forge.commit("topic", Some(&head), "third", &forge::file("644", "b", "2\n"));
    // On the forge, and as if somebody had got into the cache.
    stage.forge.git(&["replace", head.as_str(), base.as_str()]);
    stage.change(&base, &base).await.unwrap();
    let dir = stage.cache.root().join("7/objects.git");
    fs::create_dir_all(dir.join("refs/replace")).unwrap();
    fs::write(dir.join("refs/replace").join(head.as_str()), format!("{base}\n")).unwrap();
    fs::create_dir_all(dir.join("hooks")).unwrap();
    let proof = stage.folder.path().join("hooked");
    for hook in ["reference-transaction", "post-checkout", "post-merge", "pre-auto-gc", "post-index-change"] {
        forge::script(&dir.join("hooks").join(hook), &format!("#!/bin/sh\ntouch {}\n", proof.display()));
    }
    for (head, expected) in [(&head, vec!["rules.toml"]), (&next, vec!["b", "rules.toml"])] {
        let change = stage.change(&base, head).await.unwrap();
        let paths: Vec<_> = change.files.iter().map(|f| f.path.display()).collect();
        assert_eq!(paths, expected);
    }
    assert!(!proof.exists());
}
