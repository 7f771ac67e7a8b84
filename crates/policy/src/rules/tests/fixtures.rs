//! Every file below `fixtures/rules`: invalid ones yield exactly the errors that their first line names, valid ones
//! yield none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::complaint::code::Found;
use crate::complaint::{Code, Severity};
use crate::rules::{Parsed, Rules};

fn files(kind: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rules").join(kind);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let rules = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    rules.map(|path| (path.clone(), read(&path))).collect()
}

#[expect(clippy::disallowed_methods, reason = "the core reads no file, its tests read fixtures")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn errors(parsed: &Parsed) -> BTreeSet<&str> {
    let errors = parsed.complaints.iter().filter(|complaint| complaint.severity == Severity::Error);
    errors.map(|complaint| complaint.code.as_str()).collect()
}

#[test]
fn each_invalid_file_yields_the_errors_it_names() {
    let files = files("invalid");
    assert!(files.len() >= 20);
    for (path, text) in files {
        let first = text.lines().next().and_then(|line| line.strip_prefix("# expect: "));
        let expected: BTreeSet<&str> = first.expect("a first line `# expect: code…`").split(' ').collect();
        let parsed = Rules::parse("rules.toml", &text);
        assert_eq!(errors(&parsed), expected, "{}\n{:#?}", path.display(), parsed.complaints);
        assert!(parsed.rules.is_none(), "{}", path.display());
        for complaint in &parsed.complaints {
            assert!(text.get(complaint.span.clone()).is_some(), "{}: {complaint:?}", path.display());
            assert!(!complaint.help.is_empty() && !complaint.message.contains('\n'), "{complaint:?}");
        }
    }
}

#[test]
fn every_error_has_a_file() {
    let parsed: Vec<Parsed> =
        files("invalid").iter().map(|(_, text)| Rules::parse("rules.toml", text)).collect();
    let seen: BTreeSet<&str> = parsed.iter().flat_map(errors).collect();
    let errors_of_a_file = |code: &&Code| {
        let record = code.record();
        record.severities.contains(&Severity::Error)
            && matches!(record.found, Found::InFile | Found::BySize)
            // It needs a large file: see below.
            && **code != Code::TooLarge
    };
    let known: BTreeSet<&str> = Code::ALL.iter().filter(errors_of_a_file).map(|code| code.as_str()).collect();
    assert_eq!(seen, known);
}

#[test]
fn each_valid_file_is_valid() {
    let files = files("valid");
    assert_eq!(files.len(), 5);
    for (path, text) in files {
        let parsed = Rules::parse("rules.toml", &text);
        assert!(parsed.rules.is_some(), "{}\n{:#?}", path.display(), parsed.complaints);
        assert_eq!(parsed.complaints, [], "{}", path.display());
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let text = "# ".repeat(600_000);
    assert_eq!(errors(&Rules::parse("rules.toml", &text)), BTreeSet::from(["too-large"]));
}

#[test]
fn warnings_never_crowd_out_an_error() {
    let base = std::iter::once("version = 1\n[people]\nmembers_of = [\"acme\"]\n".to_owned());
    let agents = (0..150).map(|i| {
        format!(
            "[agents.a{i}]\nrecognise = [{{ user_id = {} }}]\nowner = \"@acme\"\npurpose = \"x\"\n\
             repos = [\"a/b\"]\nbranches = [\"x\"]\nmay = [\"propose\"]\n",
            9000 + i
        )
    });
    let text: String = base.chain(agents).collect();
    let parsed = Rules::parse("rules.toml", &text);
    assert!(parsed.rules.is_some());
    assert_eq!(parsed.complaints.last().unwrap().code, "too-many-complaints");
    assert_eq!(parsed.complaints.last().unwrap().severity, Severity::Warning);
    let wrong = format!("{text}[[rules]]\nid = \"deny\"\non = [\"pull_request\"]\ndney = true\n");
    let parsed = Rules::parse("rules.toml", &wrong);
    assert!(parsed.rules.is_none());
    assert_eq!(errors(&parsed), BTreeSet::from(["missing-key", "unknown-key"]));
}
