//! A repository's own rules: what stands there now, and what was last good when that is not valid.
//!
//! The last good text is kept in the store, so that neither a restart nor another replica forgets it. Memory only saves
//! queries: what it tells is written down already, and what is invalid is always looked up.

use std::sync::Arc;
use std::time::Duration;

use policy::facts::{OwnRules, RulesText};
use policy::rules::{RuleSource, Tightening};
use policy::{Fact, RepoId};

use super::{Gate, ReconcileError};
use crate::github::RulesFile;

/// What this process has written down, by repository.
#[derive(Debug)]
pub struct OwnBook {
    written: moka::future::Cache<RepoId, Option<Arc<RulesText>>>,
}

impl Default for OwnBook {
    fn default() -> Self {
        // Short: another replica may have written something else meanwhile.
        let life = Duration::from_secs(30);
        Self { written: moka::future::Cache::builder().max_capacity(10_000).time_to_live(life).build() }
    }
}

/// Adds the last good rules to what the forge shows, where they are needed.
pub(super) async fn own_rules(
    gate: &Gate,
    repo: RepoId,
    shown: &Fact<RulesFile>,
    rules: &RuleSource,
) -> Result<Fact<OwnRules>, ReconcileError> {
    let file = match shown {
        Fact::Unknown(why) => return Ok(Fact::Unknown(why.clone())),
        Fact::Known(file) => file,
    };
    // Without rules of the organisation nothing is judged by these.
    let valid = |text: &RulesText| {
        rules.in_force.as_ref().is_none_or(|rules| Tightening::parse(rules, &text.text).valid)
    };
    let own = match file {
        RulesFile::Missing => {
            write(gate, repo, None).await?;
            OwnRules::default()
        }
        RulesFile::Text(text) if valid(text) => {
            if rules.in_force.is_some() {
                write(gate, repo, Some(text)).await?;
            }
            OwnRules { newest: Some(text.clone()), ..OwnRules::default() }
        }
        RulesFile::Text(text) => {
            let newest = Some(text.clone());
            OwnRules { newest, ..with_last_good(gate, repo).await? }
        }
        RulesFile::Unusable(why) => {
            let unusable = Some(why.clone());
            OwnRules { unusable, ..with_last_good(gate, repo).await? }
        }
    };
    Ok(Fact::Known(own))
}

async fn with_last_good(gate: &Gate, repo: RepoId) -> Result<OwnRules, ReconcileError> {
    metrics::counter!("portcullis_own_rules_invalid_total").increment(1);
    tracing::warn!(repository = %repo, "the repository's own rules are not valid");
    Ok(OwnRules { last_good: read(gate, repo).await?, ..OwnRules::default() })
}

/// What is known of a repository that cannot be looked at: the rules it had when it was last seen, whether or not they
/// still fit.
pub(super) async fn remembered(gate: &Gate, repo: RepoId) -> Fact<OwnRules> {
    match read(gate, repo).await {
        Ok(known) => Fact::Known(OwnRules { newest: known.clone(), unusable: None, last_good: known }),
        Err(_) => Fact::unknown("what was remembered of them cannot be read"),
    }
}

fn key(repo: RepoId) -> String {
    format!("rules.own.{repo}")
}

/// What is not readable is not taken for nothing: the look fails, and the head is told of as one that cannot be seen.
async fn read(gate: &Gate, repo: RepoId) -> Result<Option<RulesText>, ReconcileError> {
    let text = gate.store.kv_get(&key(repo)).await?;
    Ok(text.map_or(Ok(None), |text| serde_json::from_str(&text))?)
}

/// Writes down what is good now, unless that was written already.
async fn write(gate: &Gate, repo: RepoId, text: Option<&RulesText>) -> Result<(), ReconcileError> {
    let known = gate.own_book.written.get(&repo).await;
    if known.as_ref().is_some_and(|known| known.as_deref() == text) {
        return Ok(());
    }
    // What stands there unreadably is replaced.
    if known.is_none() && read(gate, repo).await.is_ok_and(|stored| stored.as_ref() == text) {
        gate.own_book.written.insert(repo, text.cloned().map(Arc::new)).await;
        return Ok(());
    }
    gate.store.kv_put(&key(repo), &serde_json::to_string(&text)?).await?;
    gate.own_book.written.insert(repo, text.cloned().map(Arc::new)).await;
    Ok(())
}
