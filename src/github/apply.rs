//! Apply: make the forge show a verdict. Everything here takes a lease (invariant `only_a_lease_acts`).
//!
//! A check run takes 50 annotations a call and a PATCH adds to those that are there, for ever: GitHub has no way to
//! take one back. So a run is updated only when it is known to carry either none or exactly those that are wanted;
//! otherwise a new run takes its place, of which GitHub shows and requires the latest.
//! <https://docs.github.com/en/rest/checks/runs>
//!
//! The external id tells that a run is complete, so with more than one batch it is written with the last of them: what
//! breaks off in the middle looks different from what was planned, and the next look starts over with a new run.

use std::time::Duration;

use policy::{Action, CheckRunId, ShowCheck, Subject};
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
}

impl GitHub {
    /// Does one action. Doing it again after it went well, or after a crash, is prevented by planning from what the
    /// forge shows; when the outcome is unknown ([`ForgeError::Broken`]) look again before doing anything.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::again`] says when to look again.
    pub async fn apply(
        &self,
        lease: &Lease,
        action: &Action,
        output: &CheckOutput,
    ) -> Result<Applied, ForgeError> {
        match action {
            Action::ShowCheck(show) => {
                let Subject::Pull(subject) = lease.subject();
                let place = Place {
                    api: &self.inner.api,
                    subject,
                    show,
                    output,
                    annotations: Annotations::of(output),
                };
                place.show(&self.inner.shown).await
            }
        }
    }
}

/// Which annotations the check runs carry that this process completed. What is not in it may carry anything.
#[derive(Debug)]
pub(super) struct Shown(moka::future::Cache<CheckRunId, [u8; 32]>);

impl Shown {
    pub(super) fn new() -> Self {
        let day = Duration::from_secs(24 * 3_600);
        Self(moka::future::Cache::builder().max_capacity(20_000).time_to_live(day).build())
    }
}

/// One check run to be, and all that is needed to make it.
struct Place<'a> {
    api: &'a Api,
    subject: &'a policy::PullSubject,
    show: &'a ShowCheck,
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
        shown.0.insert(applied.id(), self.annotations.digest).await;
        Ok(applied)
    }

    /// Updates the run that is there, if that leads to the annotations that are wanted.
    async fn update(
        &self,
        shown: &Shown,
        first: &[Remark<'_>],
        left: usize,
    ) -> Result<Option<(Applied, Remaining)>, ForgeError> {
        let Some(existing) = self.show.existing else { return Ok(None) };
        let Some(carried) = shown.0.get(&existing).await else { return Ok(None) };
        let same = carried == self.annotations.digest;
        if !same && carried != digest(&[]) {
            return Ok(None);
        }
        // From here on the run may carry a part of the new ones.
        shown.0.invalidate(&existing).await;
        let (first, left) = if same { (&[][..], 0) } else { (first, left) };
        match self.patch(existing, first, left).await {
            Ok(()) => {}
            // GitHub drops old runs beyond a thousand of one name; nothing was written.
            Err(ForgeError::Gone { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        if same {
            shown.0.insert(existing, carried).await;
            return Ok(Some((Applied::Updated(existing), Remaining::None)));
        }
        Ok(Some((Applied::Updated(existing), Remaining::Rest)))
    }

    async fn create(&self, first: &[Remark<'_>], left: usize) -> Result<CheckRunId, ForgeError> {
        let url = self.api.addresses.rest(&[
            "repos",
            self.subject.repo.owner(),
            self.subject.repo.name(),
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
            self.subject.repo.owner(),
            self.subject.repo.name(),
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
            Self::Created(id) | Self::Updated(id) => id,
        }
    }
}

impl<'a> Annotations<'a> {
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
