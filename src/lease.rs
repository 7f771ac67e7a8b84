//! The right to act on one subject, for a while; and the right to tell somebody of an incident.
//!
//! Everything that changes the forge asks for a `&Lease`, and only `store::work` grants one, after it has written
//! down that the subject is taken (invariant `only_a_lease_acts`). It stands below both `store` and `github`
//! because those two never meet.

use policy::{Floor, Subject};

/// The right to act on one subject until the lease runs out in the store.
#[derive(Debug)]
pub struct Lease {
    subject: Subject,
    generation: i64,
    floor: Floor,
    token: String,
    attempts: u32,
}

impl Lease {
    /// Grants the right. Only `store::work` may call this; `tests/architecture.rs` holds the line.
    pub(crate) fn grant(
        subject: Subject,
        generation: i64,
        floor: Floor,
        token: String,
        attempts: u32,
    ) -> Self {
        Self { subject, generation, floor, token, attempts }
    }

    /// What may be acted on.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// How many deliveries had asked for a look when the lease was granted; a later one moves it on.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// How fresh the look must be.
    #[must_use]
    pub fn floor(&self) -> &Floor {
        &self.floor
    }

    /// Distinguishes this lease from earlier and later ones on the same subject.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How many looks in a row have ended without a verdict.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// The right to tell one target of one incident, once. Only `store::incidents::posts` grants it.
#[derive(Debug)]
pub struct Errand {
    incident: String,
    target: &'static str,
    attempts: u64,
}

impl Errand {
    /// Grants the right. Only the outbox may call this; `tests/architecture.rs` holds the line.
    pub(crate) fn grant_to_post(incident: String, target: &'static str, attempts: u64) -> Self {
        Self { incident, target, attempts }
    }

    /// The incident's id: the same at every try.
    #[must_use]
    pub fn incident(&self) -> &str {
        &self.incident
    }

    /// To whom.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.target
    }

    /// Which try this is, from 1.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts
    }
}
