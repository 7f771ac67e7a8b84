//! Reviews, and taking them back.

use std::sync::Arc;

use super::VerbError;
use crate::discussion::What;
use crate::payload::event;
use crate::server::FakeGithub;
use crate::step::{Dismiss, Review, ReviewState};
use crate::world::Missing;

impl FakeGithub {
    /// Submits a review, or several alike.
    ///
    /// # Errors
    /// When the reviewer, the pull request or the commit is not there.
    pub async fn review(&self, review: Review) -> Result<(), VerbError> {
        for _ in 0..review.times {
            self.review_once(&review).await?;
        }
        Ok(())
    }

    async fn review_once(&self, review: &Review) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&review.actor, &review.repo, review.pull)?;
        let mut world = self.shared.world();
        let commit = match &review.commit {
            Some(name) => world.resolve(world.repo(&review.repo)?, name)?,
            None => world.pull_mut(turn.at.0, turn.at.1)?.now().ends.head_sha.clone(),
        };
        let submitted = Arc::new(crate::pull::Review {
            id: world.next_id(),
            author: turn.actor,
            state: review.state,
            body: review.body.clone(),
            commit,
            submitted_at: turn.now,
        });
        let kept = Arc::clone(&submitted);
        world.pull_mut(turn.at.0, turn.at.1)?.change(turn.now, |state| state.reviews.push(kept));
        event::review(&mut world, "submitted", turn.at, turn.actor, &submitted);
        drop(world);
        self.told();
        Ok(())
    }

    /// Submits a review of the head.
    ///
    /// # Errors
    /// As [`FakeGithub::review`].
    pub async fn review_as(
        &self,
        actor: &str,
        repo: &str,
        pull: u64,
        state: ReviewState,
    ) -> Result<(), VerbError> {
        let (actor, repo) = (actor.to_owned(), repo.to_owned());
        self.review(Review { actor, repo, pull, state, commit: None, body: String::new(), times: 1 }).await
    }

    /// Dismisses somebody's latest decisive review.
    ///
    /// # Errors
    /// When there is none.
    pub async fn dismiss(&self, dismiss: Dismiss) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&dismiss.actor, &dismiss.repo, dismiss.pull)?;
        let mut world = self.shared.world();
        let reviewer = world.account(&dismiss.of)?.id;
        let pull = world.pull_mut(turn.at.0, turn.at.1)?;
        let decisive = |review: &Arc<crate::pull::Review>| {
            review.author == reviewer
                && matches!(review.state, ReviewState::Approved | ReviewState::ChangesRequested)
        };
        let found = pull.now().reviews.iter().rposition(decisive);
        let place = found.ok_or_else(|| Missing::new("decisive review by", &dismiss.of))?;
        let mut dismissed = None;
        pull.change(turn.now, |state| {
            if let Some(review) = state.reviews.get_mut(place) {
                let (id, previous) = (review.id, review.state);
                let changed = crate::pull::Review { state: ReviewState::Dismissed, ..(**review).clone() };
                *review = Arc::new(changed);
                dismissed = Some(Arc::clone(review));
                state.note(turn.actor, turn.now, What::ReviewDismissed { review: id, previous });
            }
        });
        if let Some(review) = dismissed {
            event::review(&mut world, "dismissed", turn.at, turn.actor, &review);
        }
        drop(world);
        self.told();
        Ok(())
    }
}
