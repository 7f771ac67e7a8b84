//! Check runs, with the limits GitHub puts on them.
//!
//! Limits: <https://docs.github.com/en/rest/checks/runs>. A run that breaks one is refused whole with 422, which
//! is what a client has to live with.

use serde::Deserialize;

use crate::world::World;

/// The most characters of a summary or text.
const LONGEST_TEXT: usize = 65_535;
/// The most characters of a name, title or annotation title.
const LONGEST_TITLE: usize = 255;
/// The most bytes of an annotation's message.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// The most annotations in one call.
const MOST_ANNOTATIONS: usize = 50;
/// The most buttons.
const MOST_ACTIONS: usize = 3;

const CONCLUSIONS: [&str; 7] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
const STATUSES: [&str; 3] = ["queued", "in_progress", "completed"];
const LEVELS: [&str; 3] = ["notice", "warning", "failure"];

#[derive(Debug, Clone)]
pub(crate) struct Poster {
    pub(crate) id: u64,
    pub(crate) slug: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) suite: u64,
    pub(crate) repo: u64,
    pub(crate) app: Poster,
    pub(crate) head_sha: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) external_id: String,
    pub(crate) details_url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) actions: Vec<Button>,
    pub(crate) started_at: i64,
    pub(crate) completed_at: Option<i64>,
}

/// The body of a create or update call.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct CheckRunBody {
    pub(crate) name: Option<String>,
    pub(crate) head_sha: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) conclusion: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) output: Option<Output>,
    pub(crate) actions: Option<Vec<Button>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Output {
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Annotation {
    pub(crate) path: String,
    pub(crate) start_line: u64,
    pub(crate) end_line: u64,
    pub(crate) annotation_level: String,
    pub(crate) message: String,
    pub(crate) title: Option<String>,
    pub(crate) raw_details: Option<String>,
    pub(crate) start_column: Option<u64>,
    pub(crate) end_column: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) identifier: String,
}

fn within(text: Option<&str>, limit: usize, what: &str) -> Result<(), String> {
    match text {
        Some(text) if text.chars().count() > limit => {
            Err(format!("Invalid request.\n\nOnly {limit} characters are allowed; {what} has more."))
        }
        _ => Ok(()),
    }
}

fn one_of(word: Option<&str>, words: &[&str], what: &str) -> Result<(), String> {
    match word {
        Some(word) if !words.contains(&word) => {
            Err(format!("Invalid request.\n\n{word} is not a member of {words:?} ({what})."))
        }
        _ => Ok(()),
    }
}

impl CheckRunBody {
    /// Whether GitHub would take it.
    pub(crate) fn validate(&self) -> Result<(), String> {
        within(self.name.as_deref(), LONGEST_TITLE, "name")?;
        one_of(self.status.as_deref(), &STATUSES, "status")?;
        one_of(self.conclusion.as_deref(), &CONCLUSIONS, "conclusion")?;
        if self.status.as_deref() == Some("completed") && self.conclusion.is_none() {
            return Err("Invalid request.\n\n\"conclusion\" wasn't supplied.".to_owned());
        }
        self.output.as_ref().map_or(Ok(()), Output::validate)?;
        self.validate_actions()
    }

    fn validate_actions(&self) -> Result<(), String> {
        let Some(actions) = &self.actions else { return Ok(()) };
        if actions.len() > MOST_ACTIONS {
            return Err(format!(
                "Invalid request.\n\nNo more than {MOST_ACTIONS} items are allowed in actions."
            ));
        }
        for action in actions {
            within(Some(&action.label), 20, "actions.label")?;
            within(Some(&action.description), 40, "actions.description")?;
            within(Some(&action.identifier), 20, "actions.identifier")?;
        }
        Ok(())
    }
}

impl Output {
    fn validate(&self) -> Result<(), String> {
        for (given, what) in [(&self.title, "title"), (&self.summary, "summary")] {
            if given.is_none() {
                return Err(format!("Invalid request.\n\n\"output.{what}\" wasn't supplied."));
            }
        }
        within(self.title.as_deref(), LONGEST_TITLE, "output.title")?;
        within(self.summary.as_deref(), LONGEST_TEXT, "output.summary")?;
        within(self.text.as_deref(), LONGEST_TEXT, "output.text")?;
        if self.annotations.len() > MOST_ANNOTATIONS {
            return Err(format!(
                "Invalid request.\n\nNo more than {MOST_ANNOTATIONS} items are allowed; {} were supplied.",
                self.annotations.len()
            ));
        }
        self.annotations.iter().try_for_each(Annotation::validate)
    }
}

impl Annotation {
    fn validate(&self) -> Result<(), String> {
        one_of(Some(&self.annotation_level), &LEVELS, "annotation_level")?;
        within(self.title.as_deref(), LONGEST_TITLE, "annotation.title")?;
        if self.message.len() > LONGEST_MESSAGE
            || self.raw_details.as_ref().is_some_and(|details| details.len() > LONGEST_MESSAGE)
        {
            return Err(
                "Invalid request.\n\nAnnotation message and raw details are limited to 64 KB.".to_owned()
            );
        }
        if self.path.is_empty() || self.start_line == 0 || self.end_line < self.start_line {
            return Err("Invalid request.\n\nThe annotation's path or lines are invalid.".to_owned());
        }
        let has_columns = self.start_column.is_some() || self.end_column.is_some();
        if has_columns && self.start_line != self.end_line {
            return Err("Invalid request.\n\nColumns need start_line and end_line to be the same.".to_owned());
        }
        Ok(())
    }
}

impl CheckRun {
    /// Takes over what a create or update call says. Output replaces title, summary and text, and adds annotations.
    pub(crate) fn apply(&mut self, body: CheckRunBody, now: i64) {
        if let Some(name) = body.name {
            self.name = name;
        }
        if let Some(external_id) = body.external_id {
            self.external_id = external_id;
        }
        if body.details_url.is_some() {
            self.details_url = body.details_url;
        }
        if let Some(actions) = body.actions {
            self.actions = actions;
        }
        if let Some(output) = body.output {
            self.title = output.title;
            self.summary = output.summary;
            self.text = output.text;
            self.annotations.extend(output.annotations);
        }
        // A conclusion completes the run, whatever the call says of its status.
        if body.conclusion.is_some() {
            self.status = "completed".to_owned();
            self.conclusion = body.conclusion;
            self.completed_at = Some(now);
        } else if let Some(status) = body.status {
            self.status = status;
            self.conclusion = None;
            self.completed_at = None;
        }
    }
}

impl World {
    /// A new check run on a commit of the repository.
    pub(crate) fn add_check(&mut self, repo: u64, app: Poster, body: CheckRunBody) -> CheckRun {
        let head_sha = body.head_sha.clone().unwrap_or_default();
        let suite = self.suite(repo, &head_sha, app.id);
        let now = self.clock.story();
        let mut run = CheckRun {
            id: self.next_id(),
            suite,
            repo,
            app,
            head_sha,
            name: String::new(),
            status: "queued".to_owned(),
            conclusion: None,
            external_id: String::new(),
            details_url: None,
            title: None,
            summary: None,
            text: None,
            annotations: Vec::new(),
            actions: Vec::new(),
            started_at: now,
            completed_at: None,
        };
        run.apply(body, now);
        self.checks.push(run.clone());
        run
    }
}
