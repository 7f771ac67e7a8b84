//! T1 inside the transaction: deliveries in, work raised, many deliveries with few statements.
//!
//! In a burst the statements cost more than the commit, on PostgreSQL a round trip each. So deliveries that share a
//! transaction share their statements too: one row each in the same `INSERT`, one upsert per subject however many
//! deliveries name it. Only a GUID that was there before goes a way of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use policy::{Floor, Millis, Sha, Subject};
use sqlx::AnyConnection;

use super::StoreError;
use super::deliveries::{Accepted, Actor, Fate, NewDelivery};
use super::evidence::{self, Told};
use super::operation::Operation;
use super::row::{get, signed};
use super::rows::Insert;
use super::work::{self, Ask, NOTHING_NEW};

/// The forge's clock may be so far ahead of ours.
const CLOCKS: Duration = Duration::from_secs(10 * 60);

const NO_SUBJECT: &str = "no known subject is meant";

/// Keeps one delivery.
pub(super) struct Accept {
    /// Its body is empty: it is in `packed`.
    pub(super) delivery: NewDelivery,
    pub(super) packed: Vec<u8>,
    pub(super) body_bytes: i64,
}

/// A delivery and the subjects that its targets stand for.
struct Aimed<'a> {
    accept: &'a Accept,
    subjects: Vec<Subject>,
}

/// Whether deliveries come for the first time: a repeated one tells no news of a subject's name and installation.
#[derive(Debug, Clone, Copy)]
enum News {
    First,
    Repeated,
}

impl Operation for Accept {
    type Output = Accepted;

    const TOGETHER: bool = true;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Accepted, StoreError> {
        let mut accepted = Self::run_together(&[self], tx).await?;
        accepted.pop().ok_or_else(|| StoreError::unavailable("the delivery was passed over"))
    }

    async fn run_together(group: &[&Self], tx: &mut AnyConnection) -> Result<Vec<Accepted>, StoreError> {
        // A GUID that comes twice in one group is new once; the second finds the first.
        let mut firsts = BTreeSet::new();
        let mut aimed = Vec::with_capacity(group.len());
        for accept in group {
            if firsts.insert(&accept.delivery.guid) {
                aimed.push(Aimed { accept, subjects: accept.resolve(tx).await? });
            }
        }
        let fresh = insert(tx, &aimed).await?;
        aimed.retain(|aimed| fresh.contains(aimed.accept.delivery.guid.as_str()));
        let generations = raise(tx, &aimed, News::First).await?;
        link(tx, &aimed, &generations).await?;
        keep_pushers(tx, &aimed).await?;
        evidence::keep(tx, &told(&aimed)).await?;

        let mut fresh: BTreeMap<&str, usize> =
            aimed.iter().map(|aimed| (aimed.accept.delivery.guid.as_str(), aimed.subjects.len())).collect();
        let mut accepted = Vec::with_capacity(group.len());
        for accept in group {
            accepted.push(match fresh.remove(accept.delivery.guid.as_str()) {
                Some(subjects) => Accepted::New { subjects },
                None => accept.revisit(tx).await?,
            });
        }
        Ok(accepted)
    }

    fn weight(&self) -> usize {
        self.packed.len() + 1024
    }
}

impl Accept {
    async fn resolve(&self, tx: &mut AnyConnection) -> Result<Vec<Subject>, StoreError> {
        match &self.delivery.fate {
            Fate::Queue { targets, .. } => work::resolve(tx, targets).await,
            Fate::Ignore { .. } | Fate::Fail { .. } => Ok(Vec::new()),
        }
    }

    /// A GUID that was there before. One that was processed is taken again for subjects that are over: a repository
    /// that was gone may be back, and whoever asks GitHub to repeat the delivery wants them looked at.
    async fn revisit(&self, tx: &mut AnyConnection) -> Result<Accepted, StoreError> {
        // The update comes first because it takes the row's lock on PostgreSQL.
        let row = sqlx::query("UPDATE deliveries SET seen = seen + 1 WHERE guid = $1 RETURNING state")
            .bind(self.delivery.guid.as_str())
            .fetch_one(&mut *tx)
            .await?;
        let state: String = get(&row, "state")?;
        let again = match (state.as_str(), &self.delivery.fate) {
            ("queued", _) => Accepted::Again,
            ("ignored" | "failed", Fate::Queue { .. }) => Accepted::New { subjects: 0 },
            ("processed", Fate::Queue { .. }) => return self.revive(tx).await,
            _ => return Ok(Accepted::AlreadyProcessed),
        };
        let subjects = self.resolve(tx).await?;
        let subjects = self.raise_again(tx, subjects).await?;
        Ok(match again {
            Accepted::New { .. } => Accepted::New { subjects },
            other => other,
        })
    }

    async fn revive(&self, tx: &mut AnyConnection) -> Result<Accepted, StoreError> {
        let mut over = Vec::new();
        for subject in self.resolve(tx).await? {
            if work::is_over(tx, &subject).await? {
                over.push(subject);
            }
        }
        let raised = self.raise_again(tx, over).await?;
        Ok(if raised > 0 { Accepted::Again } else { Accepted::AlreadyProcessed })
    }

    async fn raise_again(&self, tx: &mut AnyConnection, subjects: Vec<Subject>) -> Result<usize, StoreError> {
        let aimed = [Aimed { accept: self, subjects }];
        let generations = raise(tx, &aimed, News::Repeated).await?;
        link(tx, &aimed, &generations).await?;
        keep_pushers(tx, &aimed).await?;
        evidence::keep(tx, &told(&aimed)).await?;
        let [Aimed { subjects, .. }] = aimed;
        if !subjects.is_empty() {
            self.owe(tx).await?;
        }
        Ok(subjects.len())
    }

    /// The delivery is owed a look (again), by as many subjects as have not finished it.
    async fn owe(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE deliveries SET state = 'queued', settled_at = NULL, error_path = NULL, error = NULL, \
             unfinished = (SELECT COUNT(*) FROM delivery_work WHERE guid = $1 AND done_at IS NULL) \
             WHERE guid = $1",
        )
        .bind(self.delivery.guid.as_str())
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Inserts those whose GUID is new; returns the GUIDs.
async fn insert(tx: &mut AnyConnection, aimed: &[Aimed<'_>]) -> Result<BTreeSet<String>, StoreError> {
    let insert = Insert {
        table: "deliveries",
        columns: &[
            "guid",
            "event",
            "action",
            "repo_id",
            "repo",
            "installation_id",
            "sender_id",
            "sender_login",
            "sender_kind",
            "received_at",
            "seen",
            "state",
            "unfinished",
            "settled_at",
            "error_path",
            "error",
            "body",
            "body_bytes",
        ],
        then: "ON CONFLICT (guid) DO NOTHING RETURNING guid",
    };
    let rows = insert
        .all(tx, aimed, |query, Aimed { accept, subjects }| {
            let delivery = &accept.delivery;
            let settled = Some(delivery.received_at.0);
            let (state, settled_at, error_path, error) = match &delivery.fate {
                Fate::Queue { .. } if subjects.is_empty() => ("ignored", settled, None, Some(NO_SUBJECT)),
                Fate::Queue { .. } => ("queued", None, None, None),
                Fate::Ignore { reason } => ("ignored", settled, None, Some(reason.as_str())),
                Fate::Fail { path, error } => ("failed", settled, Some(path.as_str()), Some(error.as_str())),
            };
            let sender = delivery.sender.as_ref();
            Ok(query
                .bind(delivery.guid.as_str())
                .bind(delivery.event.as_str())
                .bind(delivery.action.as_deref())
                .bind(delivery.repo.as_ref().map(|(id, _)| signed(id.0, "repository id")).transpose()?)
                .bind(delivery.repo.as_ref().map(|(_, name)| name.to_string()))
                .bind(delivery.installation.map(|id| signed(id.0, "installation id")).transpose()?)
                .bind(sender.map(|actor| signed(actor.id.0, "sender id")).transpose()?)
                .bind(sender.map(|actor| actor.login.as_str()))
                .bind(sender.map(|actor| actor.kind.as_str()))
                .bind(delivery.received_at.0)
                .bind(1_i64)
                .bind(state)
                .bind(signed(subjects.len() as u64, "subjects")?)
                .bind(settled_at)
                .bind(error_path)
                .bind(error)
                .bind(accept.packed.as_slice())
                .bind(accept.body_bytes))
        })
        .await?;
    rows.iter().map(|row| get(row, "guid")).collect()
}

/// Raises each subject once by as much as all deliveries together ask; returns the generations by key. The map is
/// ordered, so concurrent writers lock rows in one order.
async fn raise(
    tx: &mut AnyConnection,
    aimed: &[Aimed<'_>],
    news: News,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut asks: BTreeMap<String, Ask> = BTreeMap::new();
    for Aimed { accept, subjects } in aimed {
        let Fate::Queue { floor, .. } = &accept.delivery.fate else { continue };
        // A moment that has not come would outlast whatever is true.
        let latest = work::later(accept.delivery.received_at, CLOCKS);
        let floor = Floor { updated_at: floor.updated_at.map(|at| at.min(latest)), ..floor.clone() };
        let heard_at = match news {
            // A check names no moment; it is as new as its arrival.
            News::First => floor.updated_at.unwrap_or(accept.delivery.received_at).min(latest),
            News::Repeated => NOTHING_NEW,
        };
        for subject in subjects {
            let ask = asks.entry(subject.key()).or_insert_with(|| Ask {
                subject: subject.clone(),
                heard_at,
                floor: Floor::default(),
                looks: 0,
                now: Millis(i64::MAX),
            });
            if heard_at >= ask.heard_at {
                ask.subject = subject.clone();
                ask.heard_at = heard_at;
            }
            ask.floor = std::mem::take(&mut ask.floor).raise(floor.clone());
            ask.looks += 1;
            ask.now = ask.now.min(accept.delivery.received_at);
        }
    }
    let asks: Vec<_> = asks.into_iter().collect();
    work::raise(tx, &asks).await
}

/// Ties each delivery to the generation that owes it a look.
async fn link(
    tx: &mut AnyConnection,
    aimed: &[Aimed<'_>],
    generations: &BTreeMap<String, i64>,
) -> Result<(), StoreError> {
    let mut links = Vec::new();
    for Aimed { accept, subjects } in aimed {
        for key in subjects.iter().map(Subject::key) {
            let generation = generations
                .get(&key)
                .copied()
                .ok_or_else(|| StoreError::unavailable("a subject was passed over"))?;
            links.push((&accept.delivery.guid, key, generation));
        }
    }
    let insert = Insert {
        table: "delivery_work",
        columns: &["guid", "subject_key", "generation"],
        then: "ON CONFLICT (guid, subject_key) DO UPDATE SET generation = excluded.generation, done_at = NULL",
    };
    insert
        .all(tx, &links, |query, (guid, key, generation)| {
            Ok(query.bind(guid.as_str()).bind(key.as_str()).bind(*generation))
        })
        .await?;
    Ok(())
}

/// What the deliveries tell of their subjects that nothing else does.
fn told<'a>(aimed: &'a [Aimed<'a>]) -> Vec<Told<'a>> {
    let of = |Aimed { accept, .. }: &'a Aimed<'a>| match &accept.delivery.fate {
        Fate::Queue { evidence: Some(told), .. } => Some(Told {
            subject: told.subject.key(),
            id: accept.delivery.guid.as_str(),
            body: &told.body,
            actor: told.actor,
            at: accept.delivery.received_at,
        }),
        _ => None,
    };
    aimed.iter().filter_map(of).collect()
}

async fn keep_pushers(tx: &mut AnyConnection, aimed: &[Aimed<'_>]) -> Result<(), StoreError> {
    let mut pushes: Vec<(&NewDelivery, String, &Actor, Option<&Sha>)> = Vec::new();
    for Aimed { accept, subjects } in aimed {
        if let Fate::Queue { pusher: Some(pusher), floor, .. } = &accept.delivery.fate {
            for subject in subjects {
                pushes.push((&accept.delivery, subject.key(), pusher, floor.head.as_ref()));
            }
        }
    }
    let insert = Insert {
        table: "pushers",
        columns: &["subject_key", "guid", "actor_id", "login", "kind", "head", "at"],
        then: "ON CONFLICT (subject_key, guid) DO NOTHING",
    };
    insert
        .all(tx, &pushes, |query, (delivery, key, pusher, head)| {
            Ok(query
                .bind(key.as_str())
                .bind(delivery.guid.as_str())
                .bind(signed(pusher.id.0, "pusher id")?)
                .bind(pusher.login.as_str())
                .bind(pusher.kind.as_str())
                .bind(head.map(Sha::as_str))
                .bind(delivery.received_at.0))
        })
        .await?;
    Ok(())
}
