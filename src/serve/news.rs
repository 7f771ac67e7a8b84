//! Tells the outside of incidents: an issue for people, a signed letter to the operator, each once.
//!
//! What is to be told stands in the outbox of the store. A try that failed comes back, later each time; a burst that
//! joined one incident is one letter, for it is written when it is posted.

use std::sync::Arc;
use std::time::Duration;

use policy::{Millis, RepoName};
use serde_json::json;
use tokio::sync::watch;

use crate::github::NewIssue;
use crate::lease::Errand;
use crate::operator::Operator;
use crate::reconcile::Gate;
use crate::report;
use crate::store::{IncidentPart, StoreError, StoredIncident};

const EVERY: Duration = Duration::from_secs(2);
/// Posts in a row before others get their turn.
const AT_ONCE: usize = 50;
/// Tries come after this long, doubled each time.
const FIRST: i64 = 10_000;
const LONGEST: i64 = 3 * 3_600_000;
/// The forge's clock may be so far from ours.
const CLOCKS: i64 = 3_600_000;
/// More parts than these are only counted in a letter.
const MOST_PARTS: usize = 20;

const ISSUES: &str = "issues";
const WEBHOOK: &str = "webhook";

/// Whom to tell, and how.
#[derive(Debug)]
pub(super) struct News {
    gate: Arc<Gate>,
    issues: Option<RepoName>,
    webhook: Option<Operator>,
}

impl News {
    pub(super) fn new(gate: Arc<Gate>, issues: Option<RepoName>, webhook: Option<Operator>) -> Self {
        Self { gate, issues, webhook }
    }

    /// Tells until `stopped` turns true.
    pub(super) async fn watch(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.tell().await {
                tracing::error!(%error, "the outbox of incidents cannot be read");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Posts what is due, and says how many tries that were.
    pub(super) async fn tell(&self) -> Result<usize, StoreError> {
        let mut tries = 0;
        for target in self.targets() {
            self.gate.store.fill_outbox(target, self.gate.clock.now()).await?;
            for _ in 0..AT_ONCE {
                let Some(errand) = self.gate.store.claim_post(target, self.gate.clock.now()).await? else {
                    break;
                };
                self.run(&errand).await?;
                tries += 1;
            }
        }
        Ok(tries)
    }

    fn targets(&self) -> Vec<&'static str> {
        let issues = self.issues.as_ref().map(|_| ISSUES);
        let webhook = self.webhook.as_ref().map(|_| WEBHOOK);
        issues.into_iter().chain(webhook).collect()
    }

    async fn run(&self, errand: &Errand) -> Result<(), StoreError> {
        let store = &self.gate.store;
        let Some(incident) = store.incident(errand.incident()).await? else { return Ok(()) };
        let parts = store.incident_parts(&incident.id).await?;
        let outcome = self.post(errand, &incident, &parts).await;
        let now = self.gate.clock.now();
        let word = if outcome.is_ok() { "posted" } else { "failed" };
        metrics::counter!("portcullis_incident_posts_total", "target" => errand.target(), "outcome" => word)
            .increment(1);
        match outcome {
            Ok(note) => {
                tracing::info!(incident = %incident.id, target = errand.target(), "told of an incident");
                store.posted(errand, &note, now).await
            }
            Err(why) => {
                tracing::warn!(incident = %incident.id, target = errand.target(), %why, "nobody was told yet");
                store.not_posted(errand, &why, again(now, errand.attempts()), now).await
            }
        }
    }

    async fn post(
        &self,
        errand: &Errand,
        incident: &StoredIncident,
        parts: &[IncidentPart],
    ) -> Result<String, String> {
        if let (ISSUES, Some(repo)) = (errand.target(), &self.issues) {
            let told: Vec<_> = parts.iter().map(|part| part.incident.clone()).collect();
            let issue = NewIssue {
                title: report::issue_title(&incident.title),
                body: report::issue_body(&incident.id, &told, incident.parts),
            };
            let since = moment(Millis(incident.opened_at.0.saturating_sub(CLOCKS)));
            let opened = self.gate.github.open_issue(errand, repo, &issue, &since).await;
            return opened.map_err(|error| error.to_string());
        }
        if let (WEBHOOK, Some(webhook)) = (errand.target(), &self.webhook) {
            let sent = webhook.post(&incident.id, letter(incident, parts)).await;
            return sent.map(|()| "taken".to_owned()).map_err(|error| error.to_string());
        }
        Err("nobody is to be told there any more".to_owned())
    }
}

fn again(now: Millis, attempts: u64) -> Millis {
    let doubled = u32::try_from(attempts.saturating_sub(1).min(20)).unwrap_or(20);
    let wait = FIRST.saturating_mul(1_i64.checked_shl(doubled).unwrap_or(i64::MAX)).min(LONGEST);
    Millis(now.0.saturating_add(wait))
}

/// What the operator gets. Texts in it are hostile and as they were: whoever shows them escapes them.
fn letter(incident: &StoredIncident, parts: &[IncidentPart]) -> String {
    let part = |part: &IncidentPart| {
        let findings = part.incident.findings.iter().take(MOST_PARTS);
        json!({
            "title": part.incident.title,
            "subject": part.subject_key,
            "at": moment(part.incident.at),
            "respond": part.incident.respond,
            "findings": findings
                .map(|finding| json!({ "code": finding.code, "message": finding.message }))
                .collect::<Vec<_>>(),
        })
    };
    let first = parts.first();
    let letter = json!({
        "version": 1,
        "id": incident.id,
        "kind": incident.kind,
        "repository": incident.repo,
        "title": incident.title,
        "who": first.and_then(|part| part.incident.who.as_ref())
            .map(|who| json!({ "id": who.id, "login": who.login })),
        "agent": incident.agent,
        "state": incident.state.as_str(),
        "opened_at": moment(incident.opened_at),
        "parts_total": incident.parts,
        "parts": parts.iter().take(MOST_PARTS).map(part).collect::<Vec<_>>(),
    });
    letter.to_string()
}

fn moment(at: Millis) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => at.0.to_string(),
    }
}
