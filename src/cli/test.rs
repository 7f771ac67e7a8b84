//! `portcullis test`: judges the cases that maintainers wrote beside their rules, without a forge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use policy::rules::{Rules, Tightening};
use serde_json::json;

use super::{Error, complaint, on_terminal, say};
use crate::casebook::{Case, Casebook, Law};
use crate::report::{Style, explain};

/// Judge the cases that stand beside the rules
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Folder with files of cases (*.toml), or one such file
    #[arg(default_value = "tests", value_name = "DIR")]
    cases: PathBuf,
    /// The rules
    #[arg(long, default_value = "rules.toml", value_name = "FILE")]
    rules: PathBuf,
    /// A repository's own `.github/portcullis.toml`, below the rules
    #[arg(long, value_name = "FILE")]
    own: Option<PathBuf>,
    /// Name the rules that no case reaches, and fail if there are any
    #[arg(long)]
    coverage: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What came of one case.
struct Row {
    file: String,
    name: String,
    problems: Vec<String>,
    tree: Option<String>,
}

impl Test {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let law = match self.read_law()? {
            Ok(law) => law,
            Err(complaints) => {
                say(&complaints);
                return Ok(ExitCode::FAILURE);
            }
        };
        let (mut rows, mut reached) = (Vec::new(), BTreeSet::new());
        for file in files(&self.cases)? {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(&file).map_err(|error| format!("`{name}`: {error}"))?;
            let book =
                Casebook::parse(&text).map_err(|error| format!("`{name}` is no file of cases\n{error}"))?;
            for case in &book.cases {
                rows.push(judge(&name, case, &law, &mut reached));
            }
        }
        if rows.is_empty() {
            return Err(format!("there is no case in `{}`", self.cases.display()).into());
        }
        let ids = law.rule_ids();
        let missed = ids.iter().filter(|id| self.coverage && !reached.contains(*id));
        let missed: Vec<&str> = missed.map(String::as_str).collect();
        say(&if self.json { as_json(&rows, &missed) } else { as_text(&rows, &missed, &self) });
        let failed = rows.iter().any(|row| !row.problems.is_empty()) || !missed.is_empty();
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn read_law(&self) -> Result<Result<Law, String>, Error> {
        let (name, text) = read(&self.rules)?;
        let parsed = Rules::parse(&name, &text);
        let Some(rules) = parsed.rules else {
            return Ok(Err(complaint::draw(&name, &text, &parsed.complaints)));
        };
        let own = match &self.own {
            None => None,
            Some(own) => {
                let (name, text) = read(own)?;
                let parsed = Tightening::parse(&rules, &text);
                if !parsed.valid {
                    return Ok(Err(complaint::draw(&name, &text, &parsed.complaints)));
                }
                Some(text)
            }
        };
        Ok(Ok(Law { rules: Arc::new(rules), own }))
    }
}

fn read(file: &Path) -> Result<(String, String), Error> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("`{name}`: {error}"))?;
    Ok((name, text))
}

/// The files of cases, in the order of their names.
fn files(place: &Path) -> Result<Vec<PathBuf>, Error> {
    let problem = |error: std::io::Error| format!("`{}`: {error}", place.display());
    if std::fs::metadata(place).map_err(problem)?.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn judge(file: &str, case: &Case, law: &Law, reached: &mut BTreeSet<String>) -> Row {
    let (problems, tree) = match case.judge(law) {
        Err(nonsense) => (vec![nonsense], None),
        Ok(judged) => {
            reached.extend(judged.applied);
            let style = if on_terminal() { Style::Color } else { Style::Plain };
            let tree = (!judged.differences.is_empty()).then(|| explain(&judged.verdict, style));
            (judged.differences, tree)
        }
    };
    Row { file: file.to_owned(), name: case.name.clone(), problems, tree }
}

fn as_json(rows: &[Row], missed: &[&str]) -> String {
    let row = |row: &Row| json!({ "file": row.file, "case": row.name, "problems": row.problems });
    let cases: Vec<_> = rows.iter().map(row).collect();
    format!("{:#}\n", json!({ "cases": cases, "rules_not_reached": missed }))
}

fn as_text(rows: &[Row], missed: &[&str], test: &Test) -> String {
    let mut text = String::new();
    for row in rows {
        let mark = if row.problems.is_empty() { "ok    " } else { "FAILED" };
        text.push_str(&format!("{mark} {}\n", row.name));
        for problem in &row.problems {
            text.push_str(&format!("       {problem}\n"));
        }
        for line in row.tree.iter().flat_map(|tree| tree.lines()) {
            text.push_str(&format!("       {line}\n"));
        }
    }
    for rule in missed {
        text.push_str(&format!("no case reaches rule `{rule}`\n"));
    }
    let failed = rows.iter().filter(|row| !row.problems.is_empty()).count();
    text.push_str(&format!("{} passed, {failed} failed", rows.len() - failed));
    if test.coverage {
        let rules = if missed.len() == 1 { "rule" } else { "rules" };
        text.push_str(&format!("; {} {rules} not reached", missed.len()));
    }
    text.push_str(".\n");
    text
}
