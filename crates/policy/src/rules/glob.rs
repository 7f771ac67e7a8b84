//! Lists of globs in `rules.toml`, with each complaint at its own pattern.

use change::Globs;

use super::read::Table;
use crate::complaint::Complaints;

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
        Ok(globs) => Some(globs),
        Err(refused) => {
            for (at, error) in refused {
                let span = texts.value.get(at).map_or(texts.span.clone(), |text| text.span.clone());
                let pattern = patterns.get(at).map(String::as_str).unwrap_or_default();
                complaints.error(
                    "bad-glob",
                    span,
                    format!("`{}` is no usable pattern: {error}", pattern.escape_debug()),
                    "`*` stays within one path segment, `**` crosses them, `{a,b}` and `[ab]` choose.",
                );
            }
            None
        }
    }
}
