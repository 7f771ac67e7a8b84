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

/// `BLESS=1` writes the table.
#[test]
fn the_threat_model_tells_every_limit() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/threat-model.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- limits -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /limits -->\n").unwrap();
    let whole = format!("{before}<!-- limits -->\n{}<!-- /limits -->\n{after}", super::limits::table());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, whole).unwrap();
        return;
    }
    assert!(text == whole, "docs/threat-model.md tells other limits than the program");
}

/// Rows that the catalogue of attacks marks as undecidable or decidable in part, and those of which a part is left.
#[test]
fn every_row_that_cannot_be_decided_is_a_limit() {
    const ROWS: [u16; 28] = [
        2, 5, 6, 7, 8, 12, 14, 18, 27, 28, 30, 31, 36, 38, 48, 50, 51, 73, 76, 81, 85, 91, 97, 118, 120, 122,
        124, 127,
    ];
    let told: std::collections::BTreeSet<u16> =
        super::limits::LIMITS.iter().flat_map(|limit| limit.rows.iter().copied()).collect();
    assert_eq!(told, ROWS.into_iter().collect());
    let lone =
        super::limits::LIMITS.iter().filter(|limit| limit.way_out.is_empty() || limit.remains.is_empty());
    assert_eq!(lone.count(), 0);
}
