//! One write and how it shares a transaction with others.
//!
//! Each runs in a savepoint, so one that is refused undoes only itself. Those of one type that can share their
//! statements do; when such a group is refused it is taken apart, and each is run alone.
//! An error that spoils the transaction is not caught here: it ends the transaction for everybody.

use std::any::Any;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::StoreError;

/// One write, run inside a savepoint. It may run more than once, but only one run is kept.
pub(super) trait Operation: Send + Sync + 'static {
    /// What the caller gets once it is committed.
    type Output: Send + 'static;

    /// Whether operations of this type may share their statements.
    const TOGETHER: bool = false;

    fn run(&self, tx: &mut AnyConnection) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;

    /// Runs several, all or none; one output each, in order.
    fn run_together(
        group: &[&Self],
        tx: &mut AnyConnection,
    ) -> impl Future<Output = Result<Vec<Self::Output>, StoreError>> + Send {
        async move {
            let mut outputs = Vec::with_capacity(group.len());
            for operation in group {
                outputs.push(operation.run(tx).await?);
            }
            Ok(outputs)
        }
    }

    /// The memory it holds while it waits, in bytes.
    fn weight(&self) -> usize {
        0
    }
}

pub(super) type Outcome<O> = Result<<O as Operation>::Output, StoreError>;

/// Operations with their type forgotten, so that unlike ones can share a transaction.
pub(super) trait Job: Send + Any {
    fn kib(&self) -> u32;
    fn operations(&self) -> u64;
    /// Takes in another job of the same type, if that type allows; else gives it back.
    fn join(&mut self, other: Box<dyn Job>) -> Result<(), Box<dyn Job>>;
    /// `Err` when the transaction is spoilt; what each caller will hear is kept inside.
    fn run<'a>(
        &'a mut self,
        tx: &'a mut AnyConnection,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Operations of one type: one, or several that run together.
pub(super) struct Group<O: Operation> {
    members: Vec<Member<O>>,
}

struct Member<O: Operation> {
    operation: O,
    kib: u32,
    outcome: Option<Outcome<O>>,
    reply: oneshot::Sender<Outcome<O>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl<O: Operation> Group<O> {
    pub(super) fn of_one(
        operation: O,
        kib: u32,
        room: Option<OwnedSemaphorePermit>,
    ) -> (Box<dyn Job>, oneshot::Receiver<Outcome<O>>) {
        let (reply, answer) = oneshot::channel();
        let member = Member { operation, kib, outcome: None, reply, _room: room };
        (Box::new(Self { members: vec![member] }), answer)
    }

    /// `false` when it was refused as a whole and undone.
    async fn try_together(&mut self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        let operations: Vec<&O> = self.members.iter().map(|member| &member.operation).collect();
        let mut savepoint = tx.begin().await?;
        match O::run_together(&operations, &mut savepoint).await {
            Ok(outputs) => {
                savepoint.commit().await?;
                for (member, output) in self.members.iter_mut().zip(outputs) {
                    member.outcome = Some(Ok(output));
                }
                Ok(true)
            }
            Err(error) if error.spoils_the_transaction() => Err(error),
            Err(_) => {
                savepoint.rollback().await?;
                Ok(false)
            }
        }
    }
}

impl<O: Operation> Member<O> {
    async fn run(&mut self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let mut savepoint = tx.begin().await?;
        let outcome = self.operation.run(&mut savepoint).await;
        match &outcome {
            Ok(_) => savepoint.commit().await?,
            Err(error) if error.spoils_the_transaction() => return Err(error.clone()),
            Err(_) => savepoint.rollback().await?,
        }
        self.outcome = Some(outcome);
        Ok(())
    }
}

impl<O: Operation> Job for Group<O> {
    fn kib(&self) -> u32 {
        self.members.iter().fold(0, |sum, member| sum.saturating_add(member.kib))
    }

    fn operations(&self) -> u64 {
        self.members.len() as u64
    }

    fn join(&mut self, other: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let same = O::TOGETHER && (other.as_ref() as &dyn Any).is::<Self>();
        if !same {
            return Err(other);
        }
        if let Ok(other) = (other as Box<dyn Any>).downcast::<Self>() {
            self.members.extend(other.members);
        }
        Ok(())
    }

    fn run<'a>(
        &'a mut self,
        tx: &'a mut AnyConnection,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>> {
        Box::pin(async move {
            if self.members.len() > 1 && self.try_together(tx).await? {
                return Ok(());
            }
            // One of them is refused: alone, the others get through.
            for member in &mut self.members {
                member.run(tx).await?;
            }
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        for member in self.members {
            let outcome = match (&committed, member.outcome) {
                (Ok(()), Some(outcome)) => outcome,
                (Ok(()), None) => Err(StoreError::unavailable("the operation did not run")),
                (Err(error), _) => Err(error.clone()),
            };
            // A caller that went away is no loss: the operation is committed, and a repeat finds it done.
            let _ = member.reply.send(outcome);
        }
    }
}

/// Puts jobs of one type together where that type allows.
pub(super) fn gather(jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut gathered: Vec<Box<dyn Job>> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let left = gathered.iter_mut().try_fold(job, |job, into| match into.join(job) {
            Ok(()) => ControlFlow::Break(()),
            Err(job) => ControlFlow::Continue(job),
        });
        if let ControlFlow::Continue(job) = left {
            gathered.push(job);
        }
    }
    gathered
}
