//! The looks under way, and how many of them each repository has.

use std::collections::HashMap;
use std::future::Future;

use policy::RepoId;
use tokio::task::{JoinError, JoinSet};

/// The places for looks.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    looks: JoinSet<RepoId>,
    by_repo: HashMap<RepoId, usize>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, looks: JoinSet::new(), by_repo: HashMap::new() }
    }

    pub(super) fn free(&self) -> u32 {
        u32::try_from(self.most.saturating_sub(self.looks.len())).unwrap_or(u32::MAX)
    }

    /// Whether the repository has as many places as one may have: all but a quarter, which is kept for the others.
    pub(super) fn has_its_share(&self, repo: RepoId) -> bool {
        let share = self.most - self.most / 4;
        self.by_repo.get(&repo).is_some_and(|looks| *looks >= share)
    }

    pub(super) fn take(&mut self, repo: RepoId, look: impl Future<Output = ()> + Send + 'static) {
        *self.by_repo.entry(repo).or_default() += 1;
        self.looks.spawn(async move {
            look.await;
            repo
        });
    }

    /// Gives back the places of looks that have ended.
    pub(super) fn sweep(&mut self) {
        while let Some(ended) = self.looks.try_join_next() {
            self.give_back(ended);
        }
    }

    pub(super) async fn wait_for_one(&mut self) {
        if let Some(ended) = self.looks.join_next().await {
            self.give_back(ended);
        }
    }

    pub(super) async fn wait_for_all(&mut self) {
        while !self.looks.is_empty() {
            self.wait_for_one().await;
        }
    }

    fn give_back(&mut self, ended: Result<RepoId, JoinError>) {
        match ended {
            Ok(repo) => {
                if let Some(looks) = self.by_repo.get_mut(&repo) {
                    *looks = looks.saturating_sub(1);
                }
                self.by_repo.retain(|_, looks| *looks > 0);
            }
            // Which repository it was is lost with it: count anew as the others end.
            Err(error) => {
                tracing::error!(%error, "a look broke; its subject comes back when its lease runs out");
                if self.looks.is_empty() {
                    self.by_repo.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_repository_leaves_a_quarter_to_the_others() {
        let mut places = Places::new(8);
        let (busy, other) = (RepoId(1), RepoId(2));
        let (end, ended) = tokio::sync::watch::channel(false);
        for _ in 0..6 {
            assert!(!places.has_its_share(busy));
            let mut ended = ended.clone();
            places.take(busy, async move { drop(ended.wait_for(|end| *end).await) });
        }
        assert!(places.has_its_share(busy) && !places.has_its_share(other));
        assert_eq!(places.free(), 2);
        end.send_replace(true);
        places.wait_for_all().await;
        assert!(!places.has_its_share(busy));
        assert_eq!(places.free(), 8);
    }
}
