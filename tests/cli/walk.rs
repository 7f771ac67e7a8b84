//! "A maintainer's day" in the manual: its commands are run, and print what it says.

use std::path::Path;
use std::process::Command;

const CHAPTERS: &str = "src/manual/rules.md";
const PAGE: &str = "docs/rules.md";

/// `BLESS=1` writes down what is printed; read the difference.
#[test]
fn a_maintainers_day_goes_as_the_manual_tells() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(CHAPTERS);
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- walk -->\n").unwrap();
    let (walk, after) = rest.split_once("<!-- /walk -->\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut told, mut printed, mut compared) = (String::new(), String::new(), 0);
    for block in walk.split_inclusive("\n```\n") {
        if let Some((prose, command)) = block.split_once("```sh\n") {
            let command = command.trim_end().trim_end_matches("```");
            printed = undated(&run(folder.path(), command));
            told.push_str(&format!("{prose}```sh\n{command}```\n"));
        } else if let Some((prose, _)) = block.split_once("```text\n") {
            compared += 1;
            told.push_str(&format!("{prose}```text\n{printed}```\n"));
        } else {
            told.push_str(block);
        }
    }
    assert!(compared >= 5, "only {compared} outputs were compared");
    let whole = format!("{before}<!-- walk -->\n{told}<!-- /walk -->\n{after}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, &whole).unwrap();
        // The page made of it has the day word by word.
        let made = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        let text = std::fs::read_to_string(&made).unwrap().replace(walk, &told);
        std::fs::write(made, text).unwrap();
        return;
    }
    assert!(whole == text, "{CHAPTERS} tells another day than this one:\n{told}");
}

fn run(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&others))).unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(folder).env_clear().env("PATH", path);
    let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    // Some lines are filled up with blanks, which editors take away.
    printed.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Registrations end some time after today: every date is shown as one, and digests over them not at all.
fn undated(text: &str) -> String {
    let mut parts = text.split("digest ");
    let mut digestless = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let quoted = part.trim_start_matches('`');
        let (quote, rest) = part.split_at(part.len() - quoted.len());
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        digestless.push_str(&format!("digest {quote}…{rest}"));
    }
    let text = digestless;
    let date = |word: &str| {
        let fits = |(at, c): (usize, char)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() };
        word.len() == 10 && word.char_indices().all(fits)
    };
    let mut shown = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_digit() || c == '-')) {
        match word.split_at_checked(10) {
            Some((bare, end)) if date(bare) => shown.push_str(&format!("2027-03-31{end}")),
            _ => shown.push_str(word),
        }
    }
    shown
}
