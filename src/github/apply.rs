//! Apply: make the forge show a verdict. Everything here takes a lease (invariant `only_a_lease_acts`).
//!
//! A check run takes 50 annotations a call and a PATCH adds to those that are there, for ever: GitHub has no way to
//! take one back. So a run is updated only when it is known to carry either none or exactly those that are wanted;
//! otherwise a new run takes its place, of which GitHub shows and requires the latest.
//! <https://docs.github.com/en/rest/checks/runs>
//!
//! The external id tells that a run is complete, so with more than one batch it is written with the last of them: what
//! breaks off in the middle looks different from what was planned, and the next look starts over with a new run.
//!
//! Reads lag behind writes: what was written moments ago is remembered, so that a look that does not see it yet does
//! not post it a second time.

use std::time::Duration;

use policy::{CheckRunId, Millis, RepoId, Sha, ShowCheck};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::GitHub;
use super::api::{Api, Write};
use super::error::ForgeError;
use crate::lease::Lease;
use crate::report::{Annotation, CheckOutput};

/// GitHub takes so many annotations a call.
const BATCH: usize = 50;
/// More batches than these are not sent: each is a call.
const MOST_BATCHES: usize = 10;

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// A new check run shows the verdict.
    Created(CheckRunId),
    /// The check run that was there shows it.
    Updated(CheckRunId),
    /// The check run that was written moments ago shows it; nothing was sent.
    Standing(CheckRunId),
}

impl GitHub {
    /// Makes a check run show what it must show. Doing it again after it went well, or after a crash, is prevented by planning from what the
    /// forge shows; when the outcome is unknown ([`ForgeError::Broken`]) look again before doing anything.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::again`] says when to look again.
    pub async fn show_check(
        &self,
        lease: &Lease,
        show: &ShowCheck,
        output: &CheckOutput,
    ) -> Result<Applied, ForgeError> {
        let subject = lease.subject().place();
        let (api, shown) = (&*self.inner.api, &self.inner.shown);
        let latest = shown.latest(subject.repo_id, show, api.now()).await;
        let existing = match latest {
            Some(latest) if latest.shows(show) => return Ok(Applied::Standing(latest.run)),
            Some(latest) => Some(latest.run),
            None => show.existing,
        };
        let annotations = Annotations::of(output);
        let place = Place { api, subject, show, existing, output, annotations };
        let applied = match place.show(shown).await {
            // One annotation that the forge dislikes must not keep the verdict from being shown.
            Err(ForgeError::Refused { status: 422, .. }) if !place.annotations.batches.is_empty() => {
                Place { annotations: Annotations::none(), ..place }.show(shown).await?
            }
            outcome => outcome?,
        };
        shown.remember(subject.repo_id, show, applied.id(), api.now()).await;
        Ok(applied)
    }
}

/// What this process wrote.
#[derive(Debug)]
pub(super) struct Shown {
    /// Which annotations the check runs carry that this process completed. What is not in it may carry anything.
    carried: moka::future::Cache<CheckRunId, [u8; 32]>,
    /// The latest run by head and name.
    latest: moka::future::Cache<(RepoId, Sha, String), Latest>,
}

/// A run as it was written last.
#[derive(Debug, Clone)]
struct Latest {
    run: CheckRunId,
    external_id: String,
    at: Millis,
}

/// No read lags longer.
const LAG: i64 = 10 * 60_000;

impl Shown {
    pub(super) fn new() -> Self {
        let day = Duration::from_secs(24 * 3_600);
        Self {
            carried: moka::future::Cache::builder().max_capacity(20_000).time_to_live(day).build(),
            latest: moka::future::Cache::builder().max_capacity(20_000).time_to_live(day).build(),
        }
    }

    /// The run written moments ago, if it is newer than the one that the forge showed. It is forgotten here: until the
    /// next write has gone well nobody knows what stands there.
    async fn latest(&self, repo: RepoId, show: &ShowCheck, now: Millis) -> Option<Latest> {
        let key = (repo, show.head.clone(), show.name.clone());
        let latest = self.latest.get(&key).await?;
        let recent = now.0.saturating_sub(latest.at.0).saturating_abs() < LAG;
        let unseen = show.existing.is_none_or(|existing| existing < latest.run);
        if !(recent && unseen && latest.shows(show)) {
            self.latest.invalidate(&key).await;
        }
        (recent && unseen).then_some(latest)
    }

    async fn remember(&self, repo: RepoId, show: &ShowCheck, run: CheckRunId, at: Millis) {
        let key = (repo, show.head.clone(), show.name.clone());
        self.latest.insert(key, Latest { run, external_id: show.external_id.clone(), at }).await;
    }
}

impl Latest {
    fn shows(&self, show: &ShowCheck) -> bool {
        self.external_id == show.external_id
    }
}

/// One check run to be, and all that is needed to make it.
struct Place<'a> {
    api: &'a Api,
    subject: policy::Place<'a>,
    show: &'a ShowCheck,
    /// The run to update, if that can be.
    existing: Option<CheckRunId>,
    output: &'a CheckOutput,
    annotations: Annotations<'a>,
}

/// The annotations in batches, and a digest to tell them from others.
struct Annotations<'a> {
    batches: Vec<Vec<Remark<'a>>>,
    digest: [u8; 32],
}

#[derive(Debug, Serialize)]
struct Remark<'a> {
    path: &'a str,
    start_line: u32,
    end_line: u32,
    annotation_level: &'static str,
    title: &'a str,
    message: &'a str,
}

/// A check run as it is written. `neutral` and `skipped` cannot be said: both satisfy a required check.
#[derive(Debug, Serialize)]
struct Run<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_sha: Option<&'a str>,
    status: &'static str,
    conclusion: &'static str,
    external_id: String,
    output: Output<'a>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    title: &'a str,
    summary: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    annotations: &'a [Remark<'a>],
}

#[derive(Debug, Deserialize)]
struct Written {
    id: u64,
}

impl Place<'_> {
    async fn show(&self, shown: &Shown) -> Result<Applied, ForgeError> {
        let batches: Vec<&[Remark<'_>]> = self.annotations.batches.iter().map(Vec::as_slice).collect();
        let (first, rest) = batches.split_first().map_or((&[][..], &[][..]), |(first, rest)| (*first, rest));
        let applied = match self.update(shown, first, rest.len()).await? {
            Some((updated, Remaining::None)) => return Ok(updated),
            Some((updated, Remaining::Rest)) => updated,
            None => Applied::Created(self.create(first, rest.len()).await?),
        };
        for (done, batch) in rest.iter().enumerate() {
            self.patch(applied.id(), batch, rest.len() - done - 1).await?;
        }
        shown.carried.insert(applied.id(), self.annotations.digest).await;
        Ok(applied)
    }

    /// Updates the run that is there, if that leads to the annotations that are wanted.
    async fn update(
        &self,
        shown: &Shown,
        first: &[Remark<'_>],
        left: usize,
    ) -> Result<Option<(Applied, Remaining)>, ForgeError> {
        let Some(existing) = self.existing else { return Ok(None) };
        let Some(carried) = shown.carried.get(&existing).await else { return Ok(None) };
        let same = carried == self.annotations.digest;
        if !same && carried != digest(&[]) {
            return Ok(None);
        }
        // From here on the run may carry a part of the new ones.
        shown.carried.invalidate(&existing).await;
        let (first, left) = if same { (&[][..], 0) } else { (first, left) };
        match self.patch(existing, first, left).await {
            Ok(()) => {}
            // GitHub drops old runs beyond a thousand of one name; nothing was written.
            Err(ForgeError::Gone { .. }) => return Ok(None),
            Err(error) => {
                // Refused whole: it carries what it carried.
                if matches!(error, ForgeError::Refused { status: 422, .. } | ForgeError::RateLimited { .. }) {
                    shown.carried.insert(existing, carried).await;
                }
                return Err(error);
            }
        }
        if same {
            shown.carried.insert(existing, carried).await;
            return Ok(Some((Applied::Updated(existing), Remaining::None)));
        }
        Ok(Some((Applied::Updated(existing), Remaining::Rest)))
    }

    async fn create(&self, first: &[Remark<'_>], left: usize) -> Result<CheckRunId, ForgeError> {
        let url = self.api.addresses.rest(&[
            "repos",
            self.show.repository.owner(),
            self.show.repository.name(),
            "check-runs",
        ]);
        let run = self.run(Some(self.show.head.as_str()), first, left);
        let operation = "create_check_run";
        let written: Written =
            self.api.write(self.subject.installation, operation, Write::Create, url, &run).await?;
        Ok(CheckRunId(written.id))
    }

    async fn patch(&self, id: CheckRunId, batch: &[Remark<'_>], left: usize) -> Result<(), ForgeError> {
        let url = self.api.addresses.rest(&[
            "repos",
            self.show.repository.owner(),
            self.show.repository.name(),
            "check-runs",
            &id.to_string(),
        ]);
        let run = self.run(None, batch, left);
        let operation = "update_check_run";
        let _: Written =
            self.api.write(self.subject.installation, operation, Write::Update, url, &run).await?;
        Ok(())
    }

    /// The run as it stands after this batch, `left` more being to come.
    fn run<'a>(&'a self, head: Option<&'a str>, batch: &'a [Remark<'a>], left: usize) -> Run<'a> {
        Run {
            name: &self.show.name,
            head_sha: head,
            status: "completed",
            conclusion: self.show.conclusion.as_str(),
            external_id: match left {
                0 => self.show.external_id.clone(),
                _ => format!("unfinished:{}", self.show.external_id),
            },
            output: Output { title: &self.output.title, summary: &self.output.summary, annotations: batch },
        }
    }
}

/// Whether more batches have to follow an update.
enum Remaining {
    None,
    Rest,
}

impl Applied {
    /// The check run that shows the verdict.
    #[must_use]
    pub fn id(self) -> CheckRunId {
        match self {
            Self::Created(id) | Self::Updated(id) | Self::Standing(id) => id,
        }
    }
}

impl<'a> Annotations<'a> {
    fn none() -> Self {
        Self { batches: Vec::new(), digest: digest(&[]) }
    }

    fn of(output: &'a CheckOutput) -> Self {
        let taken: Vec<&Annotation> = output.annotations.iter().take(BATCH * MOST_BATCHES).collect();
        let batches: Vec<Vec<Remark<'a>>> =
            taken.chunks(BATCH).map(|batch| batch.iter().map(|one| remark(one)).collect()).collect();
        let digest = digest(&batches);
        Self { batches, digest }
    }
}

fn remark(annotation: &Annotation) -> Remark<'_> {
    Remark {
        path: &annotation.path,
        start_line: annotation.start_line,
        end_line: annotation.end_line,
        annotation_level: annotation.level.as_str(),
        title: &annotation.title,
        message: &annotation.message,
    }
}

fn digest(batches: &[Vec<Remark<'_>>]) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(batches).unwrap_or_default()).into()
}
