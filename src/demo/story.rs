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
    /// The pull request it is about.
    pub pull: u64,
    /// The conclusion that the forge must show.
    pub expect: String,
    /// What somebody does.
    pub steps: Vec<Step>,
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
