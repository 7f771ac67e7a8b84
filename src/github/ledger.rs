//! What the forge itself records of branches and tags, for moves of which no delivery told.
//!
//! GitHub sends no `push` for tags when more than three are pushed at once, nor for branches when more than 5,000 are
//! (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#push>), and repeats no delivery that was lost. Its
//! activities name who moved a branch; who moved a tag, nothing names.

use std::collections::BTreeMap;

use policy::act::{Pushed, RefName};
use policy::{InstallationId, RepoName, Sha};
use serde::Deserialize;

use super::GitHub;
use super::error::ForgeError;
use super::wire::{RestAccount, moment};

const PAGE: usize = 100;
/// Tags of a repository beyond these are not compared.
const MOST_PAGES: usize = 20;

/// One move of a branch, as the forge recorded it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The number of the record.
    pub id: u64,
    /// The branch.
    pub name: RefName,
    /// What happened.
    pub pushed: Pushed,
    /// When.
    pub at: policy::Millis,
}

#[derive(Debug, Deserialize)]
struct Activity {
    id: u64,
    before: String,
    after: String,
    #[serde(rename = "ref")]
    reference: String,
    timestamp: String,
    activity_type: String,
    actor: Option<RestAccount>,
}

#[derive(Debug, Deserialize)]
struct TagRef {
    #[serde(rename = "ref")]
    reference: String,
    object: TagObject,
}

#[derive(Debug, Deserialize)]
struct TagObject {
    sha: String,
}

impl GitHub {
    /// The moves of branches that the forge recorded within a day, oldest first; the newest hundred.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn recorded(
        &self,
        installation: InstallationId,
        repo: &RepoName,
    ) -> Result<Vec<Recorded>, ForgeError> {
        let api = &self.inner.api;
        let mut url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "activity"]);
        let page = PAGE.to_string();
        url.query_pairs_mut().append_pair("time_period", "day").append_pair("per_page", &page);
        let listed: Vec<Activity> = api.read(installation, "list_activities", url).await?;
        Ok(listed.into_iter().rev().filter_map(recorded).collect())
    }

    /// Where every tag stands; `None` when there are too many to compare.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn tags(
        &self,
        installation: InstallationId,
        repo: &RepoName,
    ) -> Result<Option<BTreeMap<RefName, Sha>>, ForgeError> {
        let api = &self.inner.api;
        let mut tags = BTreeMap::new();
        for page in 1..=MOST_PAGES {
            let mut url =
                api.addresses.rest(&["repos", repo.owner(), repo.name(), "git", "matching-refs", "tags"]);
            let number = page.to_string();
            url.query_pairs_mut().append_pair("per_page", "100").append_pair("page", &number);
            let listed: Vec<TagRef> = api.read(installation, "list_matching_refs", url).await?;
            let last = listed.len() < PAGE;
            let read = |tag: TagRef| Some((RefName::parse(&tag.reference)?, Sha::parse(&tag.object.sha)?));
            tags.extend(listed.into_iter().filter_map(read));
            if last {
                return Ok(Some(tags));
            }
        }
        Ok(None)
    }
}

fn recorded(activity: Activity) -> Option<Recorded> {
    let sha = |text: &str| Some(Sha::parse(text)?).filter(|sha| !sha.is_zero());
    Some(Recorded {
        id: activity.id,
        name: RefName::parse(&activity.reference)?,
        at: moment(&activity.timestamp)?,
        pushed: Pushed {
            actor: RestAccount::fact(activity.actor.as_ref()),
            before: sha(&activity.before),
            after: sha(&activity.after),
            forced: activity.activity_type == "force_push",
        },
    })
}
