use proptest::prelude::*;

use super::*;
use crate::{RawPath, Sha, Status};

fn file(path: &[u8], mode: Mode) -> FileChange {
    let new = Sha::parse(&"a".repeat(40));
    FileChange {
        path: RawPath::new(path),
        status: Status::Added,
        old_mode: Mode::Absent,
        new_mode: mode,
        old: None,
        new,
        lines: None,
    }
}

fn classes(path: &str) -> String {
    let found = ClassTable::builtin().classify(&file(path.as_bytes(), Mode::File));
    found.iter().map(Class::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn knows_the_usual_places() {
    for (path, expected) in [
        ("src/main.rs", "source"),
        ("weird", "source"),
        (".hidden", "source"),
        ("tests/end_to_end.rs", "tests"),
        ("src/git/tests.rs", "tests"),
        ("web/login.spec.ts", "tests"),
        ("README.md", "docs"),
        ("docs/logo.png", "docs"),
        ("docs/run.py", "docs source"),
        ("LICENSE", "docs"),
        (".github/workflows/release.yml", "ci"),
        (".github/workflows/copilot-setup-steps.yml", "ci steering"),
        ("tools/lint/action.yml", "ci"),
        ("Makefile", "build"),
        ("crates/x/build.rs", "build"),
        ("deploy/Dockerfile.prod", "build infrastructure"),
        ("Cargo.lock", "dependencies"),
        ("web/package.json", "build dependencies"),
        ("requirements-dev.txt", "dependencies"),
        ("main.tf", "infrastructure"),
        ("charts/web/values.yaml", "infrastructure"),
        (".goreleaser.yml", "release"),
        (".changeset/brave-cats.md", "docs release"),
        ("VERSION", "release"),
        ("CHANGELOG.md", "docs"),
        (".gitmodules", "dependencies submodule"),
    ] {
        assert_eq!(classes(path), expected, "{path}");
    }
}

#[test]
fn the_governance_floor_covers_every_place() {
    for path in [
        "rules.toml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        ".GitHub/codeowners",
        "docs/CODEOWNERS",
        ".github/portcullis.toml",
        ".portcullis/a/b.toml",
        ".github/settings.yml",
        ".github/rulesets/main.json",
        ".mergify.yml",
        "mergify.yml",
        "kodiak.toml",
        ".github/mergify.yml",
        "src/.gitattributes",
    ] {
        assert!(classes(path).contains("governance"), "{path}: {}", classes(path));
    }
    for path in ["docs/rules.toml", "src/codeowners.rs", ".github/ISSUE_TEMPLATE/bug.md"] {
        assert!(!classes(path).contains("governance"), "{path}: {}", classes(path));
    }
}

#[test]
fn the_steering_floor_covers_every_known_agent() {
    // `reference/identities.md` 3.6, one name each, and some in a nested folder.
    for path in [
        "AGENTS.md",
        "AGENT.md",
        "CLAUDE.md",
        "CLAUDE.local.md",
        "GEMINI.md",
        "GROK.md",
        "a/b/AGENTS.md",
        "agents.MD",
        ".claude/settings.json",
        ".claude-plugin/plugin.json",
        ".mcp.json",
        "x/.mcp.json",
        ".codex/config.toml",
        ".cursor/rules/a.mdc",
        ".cursorrules",
        ".cursorignore",
        ".github/copilot-instructions.md",
        ".github/agents/a.md",
        ".github/instructions/a.md",
        ".github/prompts/a",
        ".github/chatmodes/a",
        ".github/skills/a/SKILL.md",
        ".github/hooks/a.json",
        ".github/workflows/copilot-setup-steps.yml",
        ".aider.conf.yml",
        ".aiderignore",
        ".gemini/settings.json",
        ".aiexclude",
        ".windsurf/rules/a",
        ".windsurfrules",
        ".clinerules",
        ".clinerules/a.md",
        ".continue/config.yaml",
        ".junie/guidelines.md",
        ".amazonq/rules/a.md",
        ".kiro/steering/a.md",
        ".roo/rules/a.md",
        ".roomodes",
        ".devin/a",
        ".devinignore",
        ".agents/skills/a",
        ".grok/a",
        ".xai/a",
        ".antigravity/a",
        ".factory/droids/a.md",
        ".vibe/a",
        ".goosehints",
        ".coderabbit.yaml",
        ".coderabbit.yml",
        ".entire/a",
        ".vscode/tasks.json",
        ".vscode/settings.json",
        ".vscode/mcp.json",
        ".devcontainer/devcontainer.json",
        ".idea/a.xml",
        ".pre-commit-config.yaml",
        ".husky/pre-commit",
        ".githooks/pre-push",
        ".envrc",
    ] {
        assert!(classes(path).contains("steering"), "{path}: {}", classes(path));
    }
}

#[test]
fn disguised_names_are_seen_through() {
    for path in
        ["AGENTſ.md", "CLAUDE.md.", "CLAUDE.md ", ".claude /x", ".\u{200c}claude/settings.json", ".MCP.json"]
    {
        assert!(classes(path).contains("steering"), "{path}");
    }
    assert_eq!(classes(".github/workflowſ/x.yml"), "ci");
    // But a disguise never earns the kinder class.
    assert_eq!(classes("evil.md."), "source");
}

#[test]
fn modes_give_classes_on_either_side() {
    let table = ClassTable::builtin();
    let link = file(b"docs/a.md", Mode::Symlink);
    assert!(table.classify(&link).contains(&Class::SYMLINK));
    let was =
        FileChange { old_mode: Mode::Submodule, status: Status::Deleted, new_mode: Mode::Absent, ..link };
    assert!(table.classify(&was).contains(&Class::SUBMODULE));
}

#[test]
fn extending_only_ever_adds() {
    let mut table = ClassTable::builtin();
    let ours = Class::parse("payments").unwrap();
    assert!(!table.knows(&ours));
    table.extend(ours.clone(), &Globs::compile(&["src/pay/**"]).unwrap());
    table.extend(Class::CI, &Globs::compile(&["tools/*.sh"]).unwrap());
    assert!(table.knows(&ours));
    let of = |path: &[u8]| table.classify(&file(path, Mode::File));
    assert_eq!(of(b"src/pay/card.rs"), BTreeSet::from([ours]));
    assert_eq!(of(b"tools/x.sh"), BTreeSet::from([Class::CI]));
    assert_eq!(of(b"AGENTS.md"), BTreeSet::from([Class::DOCS, Class::STEERING]));
    let reasons: Vec<_> = table.reasons(&file(b"tools/x.sh", Mode::File)).map(|(_, why)| why).collect();
    assert_eq!(reasons, ["tools/*.sh"]);
    table.extend(Class::DOCS, &Globs::compile(&["site/**"]).unwrap());
    let site = table.classify(&file(b"site/run.js", Mode::File));
    assert_eq!(site, BTreeSet::from([Class::DOCS, Class::SOURCE]));
}

#[test]
fn the_table_is_lower_case_and_compiles() {
    for (class, pattern) in builtin::entries() {
        assert_eq!(pattern, pattern.to_ascii_lowercase(), "{class}");
    }
    let (_, patterns): (Vec<_>, Vec<_>) = builtin::entries().unzip();
    assert_eq!(Globs::compile(&patterns).map(|globs| globs.matching(b"src/lib.rs")), Ok(vec![]));
    assert_eq!(ClassTable::builtin().builtin.numbers.len(), patterns.len());
}

#[test]
fn names_of_classes_are_plain() {
    for odd in ["", "Docs", "a b", "-a", "a-", "ü", &"a".repeat(41)] {
        assert_eq!(Class::parse(odd), None, "{odd}");
    }
    assert_eq!(Class::parse("docs"), Some(Class::DOCS));
    assert!(serde_json::from_str::<Class>("\"A\"").is_err());
}

/// 3,000 paths within a few milliseconds of an optimised build; an unoptimised one is some 20 times slower.
#[test]
fn classifies_thousands_of_paths_at_once() {
    let table = ClassTable::builtin();
    let files: Vec<_> = (0..3000)
        .map(|n| file(format!("services/part{}/src/module_{n}.rs", n % 40).as_bytes(), Mode::File))
        .collect();
    assert!(files.iter().all(|file| table.classify(file) == BTreeSet::from([Class::SOURCE])));
}

#[test]
fn patterns_that_match_everything_leave_no_floor_out() {
    assert_eq!(Globs::everything(&["a", "b"]).matching(b"any/path"), [0, 1]);
}

#[test]
fn files_of_one_kind_have_the_same_classes() {
    let mut table = ClassTable::builtin();
    table.extend(Class::CI, &Globs::compile(&["src/**"]).unwrap());
    let paths = ["a.rs", "b.rs", "README.md", "src/x.rs", "docs/a.md", ".github/workflows/x.yml"];
    let mut kinds = Kinds::new(&table);
    let found: Vec<_> = paths.iter().map(|path| kinds.of(&file(path.as_bytes(), Mode::File))).collect();
    assert_eq!(found, [0, 0, 1, 2, 1, 2]);
    let classes = kinds.into_classes();
    for (path, kind) in paths.iter().zip(found) {
        assert_eq!(classes[kind], table.classify(&file(path.as_bytes(), Mode::File)), "{path}");
    }
}

proptest! {
    /// Against the matcher that the patterns were written for, on paths made of what stands in them.
    #[test]
    fn the_table_means_what_globset_says(
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12), 1..6),
        tail in "[a-z.]{0,3}",
    ) {
        let (_, patterns): (Vec<_>, Vec<_>) = builtin::entries().unzip();
        let pieces: Vec<&str> = patterns
            .iter()
            .flat_map(|pattern| pattern.split(|c: char| "{},*/".contains(c)))
            .filter(|piece| !piece.is_empty())
            .collect();
        let mut path = String::new();
        for (pick, joint) in &picks {
            path.push_str(pieces[pick.index(pieces.len())]);
            path.push_str(["/", "/", "/", "", "", ".", "-x", "x", "_", "/x/", "/", "."][*joint]);
        }
        path.push_str(&tail);
        let by_globset: Vec<usize> =
            patterns.iter().enumerate().filter(|(at, _)| oracle(*at).is_match(&path)).map(|(at, _)| at).collect();
        prop_assert_eq!(ClassTable::builtin().builtin.globs.matching(path.as_bytes()), by_globset);
    }
}

/// One pattern as `globset` reads it by itself.
fn oracle(at: usize) -> &'static globset::GlobMatcher {
    static MATCHERS: LazyLock<Vec<globset::GlobMatcher>> = LazyLock::new(|| {
        let compile = |(_, pattern): (Class, &str)| {
            let mut glob = globset::GlobBuilder::new(pattern);
            glob.literal_separator(true).backslash_escape(true).empty_alternates(true);
            glob.build().unwrap().compile_matcher()
        };
        builtin::entries().map(compile).collect()
    });
    &MATCHERS[at]
}

/// Otherwise each path would be put to matchers one after another.
#[test]
fn every_built_in_pattern_has_room_in_the_tree() {
    assert_eq!(ClassTable::builtin().builtin.globs.crowded_patterns(), 0);
}
