//! Lists of globs in `rules.toml`, with each complaint at its own pattern.

pub(crate) mod cover;

use change::Globs;

use super::read::{At, Table};
use crate::complaint::{Code, Complaints};

/// Globs over paths or branch names, as written.
pub(crate) fn parse(
    key: &'static str,
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Globs> {
    compile(key, table, complaints, str::to_owned)
}

/// Globs over `owner/name`, without regard to case, as GitHub compares them.
pub(crate) fn parse_repos(
    key: &'static str,
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Globs> {
    compile(key, table, complaints, str::to_ascii_lowercase)
}

fn compile(
    key: &'static str,
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
    spell: fn(&str) -> String,
) -> Option<Globs> {
    let texts = table.texts(key, complaints)?;
    let patterns: Vec<String> = texts.value.iter().map(|text| spell(&text.value)).collect();
    match Globs::compile(&patterns) {
        Ok(globs) => {
            covered(key, &patterns, &texts.value, complaints);
            Some(globs)
        }
        Err(refused) => {
            for (at, error) in refused {
                let span = texts.value.get(at).map_or(texts.span.clone(), |text| text.span.clone());
                let pattern = patterns.get(at).map(String::as_str).unwrap_or_default();
                complaints.error(
                    Code::BadGlob,
                    span,
                    format!("`{}` is no usable pattern: {error}", pattern.escape_debug()),
                    "`*` stays within one path segment, `**` crosses them, `{a,b}` and `[ab]` choose.",
                );
            }
            None
        }
    }
}

/// A longer list would take longer to compare than anybody reads.
const MOST_COMPARED: usize = 50;

/// Warns of patterns that others in the list cover.
fn covered(key: &str, patterns: &[String], texts: &[At<String>], complaints: &mut Complaints<'_>) {
    for (at, narrow) in patterns.iter().enumerate().take(MOST_COMPARED) {
        let others = patterns.iter().enumerate().take(MOST_COMPARED);
        // Of two that cover each other the first stays.
        let mut wide = others.filter(|(other, wide)| {
            *other != at && cover::covers(wide, narrow) && (*other < at || !cover::covers(narrow, wide))
        });
        let (Some((_, wide)), Some(text)) = (wide.next(), texts.get(at)) else {
            continue;
        };
        complaints.warn(
            Code::CoveredPattern,
            text.span.clone(),
            format!(
                "`{}` adds nothing to `{key}`: `{}` covers it",
                narrow.escape_debug(),
                wide.escape_debug()
            ),
            "Remove it. If it was meant to be stricter, it needs a rule of its own.",
        );
    }
}
