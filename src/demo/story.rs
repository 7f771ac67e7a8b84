//! The stories that the demo plays, as data.

use fake_github::{Stage, Step};
use serde::Deserialize;

use super::DemoError;

const TEXT: &str = include_str!("stories.toml");

/// One story: what somebody does, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// A headline.
    pub title: String,
    /// What happens and why it ends as it does.
    pub text: String,
    /// What it is about: where its ending is looked for.
    pub about: About,
    /// How it must end: a conclusion of the check run, or a word for what was done.
    pub expect: String,
    /// What somebody does.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Who lets what stands on main be deployed, by a comment with its commit.
    pub approve: Option<Approve>,
    /// The agent that is suspended, as `portcullis agents suspend` does.
    pub suspend: Option<String>,
}

/// A comment that approves what stands on main.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Who writes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// The pull request that brought it.
    pub pull: u64,
}

/// What a story is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A pull request, whose check run tells the ending.
    Pull(u64),
    /// A branch, which stands where it stood before or does not.
    Branch(String),
    /// An incident that must be open at the end.
    Incident,
    /// The newest workflow run, by how it ended.
    Run,
    /// The newest deployment, by what was answered.
    Deployment,
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pull(number) => write!(f, "acme/web#{number}"),
            Self::Branch(name) => write!(f, "acme/web {name}"),
            Self::Incident | Self::Run | Self::Deployment => f.write_str("acme/web"),
        }
    }
}

/// The stories in order.
///
/// # Errors
/// [`DemoError::Stories`].
pub fn stories() -> Result<Vec<Story>, DemoError> {
    let mut table = table()?;
    let stories = table.remove("stories").unwrap_or_else(|| toml::Value::Array(Vec::new()));
    stories.try_into().map_err(|error| DemoError::Stories(error.to_string()))
}

/// The world in which they happen.
pub(super) fn stage() -> Result<Stage, DemoError> {
    let mut table = table()?;
    table.remove("stories");
    let text = toml::to_string(&table).map_err(|error| DemoError::Stories(error.to_string()))?;
    Stage::parse(&text).map_err(|error| DemoError::Stories(error.to_string()))
}

fn table() -> Result<toml::Table, DemoError> {
    TEXT.parse().map_err(|error: toml::de::Error| DemoError::Stories(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_is_read_and_every_ending_is_shown() {
        let stories = stories().unwrap();
        for ending in ["success", "action_required", "failure"] {
            assert!(stories.iter().any(|story| story.expect == ending), "{ending}");
        }
        assert_eq!(stage().unwrap().repos.len(), 1);
    }
}
