use std::path::Path;

use super::*;

/// Compares a document with what the code makes of it, or writes it anew.
fn is_generated(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "docs/{name} is not what the code makes of it. Edit src/manual/rules.md or the records beside the parser, \
         then run `BLESS=1 cargo test --lib manual` and read the difference"
    );
}

#[test]
fn the_page_is_what_the_code_makes_of_it() {
    let page = page();
    assert!(!page.contains("<!-- reference:"), "a part of the reference has no maker");
    is_generated("rules.md", &page);
}

#[test]
fn the_schema_is_what_the_code_makes_of_it() {
    is_generated("rules.schema.json", &format!("{:#}\n", schema()));
}

#[test]
fn no_object_of_the_schema_is_open() {
    fn look(value: &serde_json::Value, found: &mut usize) {
        if value["type"] == "object" {
            assert!(!value["additionalProperties"].is_null(), "{value:#}");
            *found += 1;
        }
        let children = value.as_object().into_iter().flat_map(|map| map.values());
        for child in children.chain(value.as_array().into_iter().flatten()) {
            look(child, found);
        }
    }
    let mut found = 0;
    look(&schema(), &mut found);
    assert!(found > 10, "{found}");
}
