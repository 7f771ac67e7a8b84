//! Read a change from the cached objects. Nothing here can reach the network.

use std::time::Duration;

use change::{Change, Commit, FileChange, Sha};

use super::command::{Call, Git, Printed};
use super::fetch::Remote;
use super::folder::Folder;
use super::{GitError, Limits};

/// The tree with nothing in it, which git knows without having it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// How every tree is compared: renames off, so that both sides of one count, and deaf to what the trees say about
/// themselves (`.gitmodules` may ask for its submodules to be ignored).
const COMPARE: [&str; 8] = [
    "diff-tree",
    "-r",
    "-z",
    "--no-renames",
    "--no-abbrev",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
];

/// The whole change from where head left base up to head.
pub(super) async fn change(
    git: &Git,
    limits: &Limits,
    folder: &Folder,
    base: &Sha,
    head: &Sha,
) -> Result<Change, GitError> {
    let look = Look { git, limits, folder };
    let (merge_base, listed) = tokio::try_join!(look.merge_base(base, head), look.list(base, head))?;
    let (files, commits) = tokio::try_join!(look.files(merge_base.as_ref(), head), look.commits(&listed))?;
    Ok(Change { merge_base, files, commits, lines: None })
}

/// Counts lines; git fetches the contents it needs in one go, so this one needs the remote.
pub(super) fn numstat<'a>(
    folder: &'a Folder,
    merge_base: Option<&Sha>,
    head: &Sha,
    remote: &'a Remote,
    limits: &Limits,
) -> Call<'a> {
    let flags = COMPARE.into_iter().chain(["--numstat", "--text", "--diff-algorithm=myers"]);
    let sides = [old_side(merge_base, head), head.as_str()];
    let args = flags.chain(sides).map(str::to_owned).collect();
    Call { dir: &folder.git_dir, args, stdin: Vec::new(), remote: Some(remote), time: limits.fetch_time }
}

fn old_side<'a>(merge_base: Option<&'a Sha>, head: &Sha) -> &'a str {
    let empty = if head.as_str().len() == 64 { EMPTY_TREE_SHA256 } else { EMPTY_TREE };
    merge_base.map_or(empty, Sha::as_str)
}

pub(super) struct Look<'a> {
    pub(super) git: &'a Git,
    pub(super) limits: &'a Limits,
    pub(super) folder: &'a Folder,
}

impl Look<'_> {
    /// Where head left base. Two histories without a common commit have none; criss-cross merges have several, and no
    /// single comparison then shows everything that would land.
    pub(super) async fn merge_base(&self, base: &Sha, head: &Sha) -> Result<Option<Sha>, GitError> {
        let printed = self.run(&["merge-base", "--all", base.as_str(), head.as_str()], Vec::new()).await?;
        let found = match printed.code {
            Some(0) => oids(&printed.stdout)?,
            Some(1) if printed.stdout.is_empty() && printed.stderr.is_empty() => Vec::new(),
            _ => return Err(GitError::Damaged { stderr: printed.stderr }),
        };
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            several => Err(GitError::Unseen(format!("base and head have {} merge bases", several.len()))),
        }
    }

    /// The names of all commits that head has and base has not, parents first.
    async fn list(&self, base: &Sha, head: &Sha) -> Result<Vec<Sha>, GitError> {
        let max = format!("--max-count={}", self.limits.max_commits.saturating_add(1));
        let not_base = format!("^{base}");
        let args = ["rev-list", "--topo-order", "--reverse", &max, head.as_str(), &not_base];
        let found = oids(&self.succeed(&args, Vec::new()).await?)?;
        if found.len() > self.limits.max_commits { Err(GitError::TooLarge("commits")) } else { Ok(found) }
    }

    pub(super) async fn files(
        &self,
        merge_base: Option<&Sha>,
        head: &Sha,
    ) -> Result<Vec<FileChange>, GitError> {
        let args: Vec<&str> =
            COMPARE.into_iter().chain(["--raw", old_side(merge_base, head), head.as_str()]).collect();
        let printed = self.succeed(&args, Vec::new()).await?;
        let files = change::parse_raw_diff(&printed).map_err(GitError::unreadable)?;
        if files.len() > self.limits.max_files { Err(GitError::TooLarge("files")) } else { Ok(files) }
    }

    /// Reads commits as objects, by length, because their messages are hostile.
    async fn commits(&self, listed: &[Sha]) -> Result<Vec<Commit>, GitError> {
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let names: String = listed.iter().flat_map(|oid| [oid.as_str(), "\n"]).collect();
        let printed = self.succeed(&["cat-file", "--batch", "--buffer"], names.into_bytes()).await?;
        let commits = change::parse_commits(&printed).map_err(GitError::unreadable)?;
        if commits.iter().map(|commit| &commit.oid).eq(listed) {
            return Ok(commits);
        }
        Err(GitError::Unseen("git left out commits".to_owned()))
    }

    pub(super) async fn succeed(&self, args: &[&str], stdin: Vec<u8>) -> Result<Vec<u8>, GitError> {
        let printed = self.run(args, stdin).await?;
        if printed.is_success() {
            Ok(printed.stdout)
        } else {
            Err(GitError::Damaged { stderr: printed.stderr })
        }
    }

    pub(super) async fn run(&self, args: &[&str], stdin: Vec<u8>) -> Result<Printed, GitError> {
        let time: Duration = self.limits.read_time;
        let printed = self.git.run(Call { stdin, ..Call::local(&self.folder.git_dir, time, args) }).await?;
        // Ended from outside, which says nothing about the objects.
        if printed.code.is_none() {
            return Err(GitError::Broken { stderr: "git was killed".to_owned() });
        }
        Ok(printed)
    }
}

/// One object id a line, and nothing else.
fn oids(printed: &[u8]) -> Result<Vec<Sha>, GitError> {
    let odd = || GitError::Unseen("git printed something other than object ids".to_owned());
    let text = std::str::from_utf8(printed).map_err(|_| odd())?;
    text.lines().map(|line| Sha::parse(line).ok_or_else(odd)).collect()
}

/// The object that comes first, by its length: `<oid> blob <size>`, the content, a line break.
pub(super) fn object<'b>(bytes: &'b [u8], blob: &Sha) -> Result<(&'b [u8], &'b [u8]), GitError> {
    let odd = || GitError::Unseen(format!("git did not give the content of {}", blob.short()));
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(odd)?;
    let (head, rest) = bytes.split_at_checked(end).ok_or_else(odd)?;
    let head = std::str::from_utf8(head).map_err(|_| odd())?;
    let size =
        head.strip_prefix(blob.as_str()).and_then(|rest| rest.strip_prefix(" blob ")).ok_or_else(odd)?;
    let size: usize = size.parse().map_err(|_| odd())?;
    let (content, rest) = rest.get(1..).and_then(|rest| rest.split_at_checked(size)).ok_or_else(odd)?;
    Ok((content, rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_taken_by_their_length() {
        let blob = Sha::parse(&"a".repeat(40)).unwrap();
        let bytes = format!("{blob} blob 3\na\nb\nrest");
        let (content, rest) = object(bytes.as_bytes(), &blob).unwrap();
        assert_eq!((content, rest), (&b"a\nb"[..], &b"rest"[..]));
        for odd in [format!("{blob} missing\n"), format!("{blob} blob 9\nab\n"), String::new()] {
            assert!(object(odd.as_bytes(), &blob).is_err(), "{odd}");
        }
    }
}
