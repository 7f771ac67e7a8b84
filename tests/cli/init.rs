//! What `portcullis init` writes: valid at once, tested at once, and never over somebody's work.

use std::path::Path;

use super::{Said, run};

fn files(folder: &Path) -> [String; 3] {
    ["rules.toml", "tests/rules.toml", "rules.schema.json"]
        .map(|name| std::fs::read_to_string(folder.join(name)).unwrap_or_default())
}

fn well((code, out, err): Said) -> String {
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    out
}

#[test]
fn each_profile_passes_its_own_checks_and_tests() {
    for (profile, enforcement) in [("observe", "evaluate"), ("standard", "active"), ("regulated", "active")] {
        let folder = tempfile::tempdir().unwrap();
        let told = well(run(folder.path(), &["init", "--profile", profile, "--org", "globex"]));
        assert!(told.contains("portcullis test tests --rules rules.toml --coverage"), "{told}");
        let [rules, cases, schema] = files(folder.path());
        assert!(rules.contains(&format!("\"{enforcement}\"")) && rules.contains("members_of = [\"globex\"]"));
        assert!(
            !rules.contains("acme") && !cases.contains("acme"),
            "{profile} keeps the starter's organisation"
        );
        assert!(schema.contains("json-schema.org"));
        let checked = well(run(folder.path(), &["check", "--deny-warnings"]));
        assert!(checked.contains("in `globex/*`") && !checked.contains("warning"), "{checked}");
        let tested = well(run(folder.path(), &["test", "--coverage"]));
        assert!(tested.ends_with(" passed, 0 failed; 0 rules not reached.\n"), "{profile}: {tested}");
    }
}

#[test]
fn people_may_be_members_of_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let people = ["--people-org", "acme-people", "--people-org", "@Globex/staff"];
    let arguments: Vec<&str> = ["init", "--org", "globex"].iter().chain(&people).copied().collect();
    well(run(folder.path(), &arguments));
    let [rules, ..] = files(folder.path());
    assert!(rules.contains("members_of = [\"acme-people\", \"@globex/staff\"]"), "{rules}");
    well(run(folder.path(), &["check"]));
    well(run(folder.path(), &["test"]));
    for wrong in [["--org", "no such name"], ["--people-org", "@alone"], ["--profile", "strict"]] {
        let (code, ..) = run(folder.path(), &["init", "other.toml", wrong[0], wrong[1]]);
        assert_eq!(code, Some(2), "{wrong:?}");
    }
}

#[test]
fn nothing_is_overwritten() {
    for name in ["rules.toml", "tests/rules.toml", "rules.schema.json"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        std::fs::write(folder.path().join(name), "# mine\n").unwrap();
        let (code, out, err) = run(folder.path(), &["init"]);
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "# mine\n");
        if name == "rules.schema.json" {
            // A schema is made by the program; rules are made by people.
            assert_eq!(code, Some(0), "{err}");
            continue;
        }
        assert_eq!((code, out.as_str()), (Some(2), ""), "{name}");
        assert!(err.contains(&format!("`{name}`")), "{err}");
        let others = ["rules.toml", "tests/rules.toml"].into_iter().filter(|other| *other != name);
        for other in others {
            assert!(!folder.path().join(other).exists(), "{other} was written although {name} was there");
        }
    }
}
