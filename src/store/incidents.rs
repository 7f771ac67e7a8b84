//! What went past the gate or was taken back: one record each, once, for people to look into.
//!
//! Written in the transaction that intends what is done about it, so that nothing is done of which nobody learns.

mod posts;
mod reading;

use std::time::Duration;

use policy::incident::Incident;
use policy::{Millis, Subject};
use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;

use super::row::{get, signed, to_json};
use super::verdicts::VerdictId;
use super::{Store, StoreError};
pub use posts::{PostState, StoredPost};
pub use reading::{IncidentFilter, IncidentPart, IncidentState, StoredIncident};

/// What belongs to one group within this time is one incident.
const TOGETHER: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// What was opened about a subject: kind and title, oldest first. At most 100.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn incidents_about(&self, subject: &Subject) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT i.kind, p.title FROM incident_parts p JOIN incidents i ON i.id = p.incident_id \
             WHERE p.subject_key = $1 ORDER BY p.at, p.once_key LIMIT 100",
        )
        .bind(subject.key())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((get(row, "kind")?, get(row, "title")?))).collect()
    }
}

/// Opens an incident, or adds to the one of its group that is open and young. What is known already changes nothing.
pub(super) async fn open(
    tx: &mut AnyConnection,
    subject: &Subject,
    verdict: &VerdictId,
    incident: &Incident,
) -> Result<(), StoreError> {
    let known = sqlx::query("SELECT 1 AS known FROM incident_parts WHERE once_key = $1")
        .bind(incident.once_key.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let group = incident.group.as_ref().map(|group| format!("{}/{group}", subject.place().installation));
    let id = match join(tx, group.as_deref(), incident.at).await? {
        Some(id) => id,
        None => insert(tx, subject, group.as_deref(), incident).await?,
    };
    sqlx::query(
        "INSERT INTO incident_parts (once_key, incident_id, subject_key, verdict_id, title, body, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(incident.once_key.as_str())
    .bind(id.as_str())
    .bind(subject.key())
    .bind(verdict.as_str())
    .bind(incident.title.as_str())
    .bind(to_json(incident, "incident")?)
    .bind(incident.at.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// The open incident of the group that this is a part of.
async fn join(tx: &mut AnyConnection, group: Option<&str>, at: Millis) -> Result<Option<String>, StoreError> {
    let Some(group) = group else { return Ok(None) };
    let young = at.0.saturating_sub(i64::try_from(TOGETHER.as_millis()).unwrap_or(i64::MAX));
    let row = sqlx::query(
        "UPDATE incidents SET parts = parts + 1, last_at = CASE WHEN last_at > $2 THEN last_at ELSE $2 END \
         WHERE id = (SELECT id FROM incidents WHERE group_key = $1 AND state <> 'closed' AND last_at >= $3 \
         ORDER BY last_at DESC, id LIMIT 1) RETURNING id",
    )
    .bind(group)
    .bind(at.0)
    .bind(young)
    .fetch_optional(tx)
    .await?;
    row.map(|row| get(&row, "id")).transpose()
}

/// The same for the same incident, on every replica.
fn id_of(once_key: &str) -> String {
    let digest = hex::encode(Sha256::digest(once_key.as_bytes()));
    format!("INC-{}", digest.get(..10).unwrap_or_default())
}

async fn insert(
    tx: &mut AnyConnection,
    subject: &Subject,
    group: Option<&str>,
    incident: &Incident,
) -> Result<String, StoreError> {
    let id = id_of(&incident.once_key);
    let place = subject.place();
    let who = incident.who.as_ref();
    sqlx::query(
        "INSERT INTO incidents (id, group_key, kind, repo_id, repo, title, who_id, who_login, agent, state, \
         opened_at, last_at, state_at, parts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $10, $10, 1)",
    )
    .bind(id.as_str())
    .bind(group)
    .bind(incident.kind.as_str())
    .bind(signed(place.repo_id.0, "repository id")?)
    .bind(place.repo.to_string())
    .bind(incident.title.as_str())
    .bind(who.map(|who| signed(who.id.0, "account id")).transpose()?)
    .bind(who.map(|who| who.login.as_str()))
    .bind(incident.agent.as_deref())
    .bind(incident.at.0)
    .execute(tx)
    .await?;
    Ok(id)
}
