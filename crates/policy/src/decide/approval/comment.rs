//! `/portcullis approve <head>` as a comment: counts like an approving review of exactly that head.
//!
//! The first line is the command and nothing else, so that no quotation and no code block is one. A comment that was
//! ever edited, or that an App wrote in somebody's name, is nobody's word. Whoever said otherwise in a review is taken
//! at the review's word.

use std::collections::{BTreeMap, BTreeSet};

use super::{Approvals, Bench, Counted, Given, decides, latest};
use crate::facts::{Comment, Fact, Review, ReviewState};
use crate::ids::{Sha, UserId};
use crate::verdict::Disqualification;

/// The head that a line approves, if it is the command.
fn approved(line: &str) -> Option<Sha> {
    let head = line.strip_prefix("/portcullis approve ")?;
    Sha::parse(head).filter(|sha| sha.as_str() == head)
}

impl Bench<'_> {
    /// Adds what comments approve; of each account that none counts of, why the newest does not.
    pub(super) fn comments(&self, reviews: &[Review], approvals: &mut Approvals) {
        let Ok(comments) = self.pull.comments.get() else { return };
        let mut rejected: BTreeMap<Option<UserId>, (&Comment, BTreeSet<Disqualification>)> = BTreeMap::new();
        for comment in comments {
            let because = self.against(comment, reviews);
            match comment.author.get() {
                Ok(author) if because.is_empty() => match approvals.of(author.id) {
                    Some(counted) => counted.at = counted.at.max(Some(comment.at)),
                    None => approvals.counted.push(Counted {
                        by: author.clone(),
                        at: Some(comment.at),
                        commented: true,
                    }),
                },
                author => drop(rejected.insert(author.ok().map(|author| author.id), (comment, because))),
            }
        }
        for (id, (comment, because)) in rejected {
            if id.is_none_or(|id| approvals.of(id).is_none()) {
                approvals.reject(comment.author.get().ok(), because);
            }
        }
    }

    fn against(&self, comment: &Comment, reviews: &[Review]) -> BTreeSet<Disqualification> {
        let Some(head) = approved(&comment.line) else { return [Disqualification::NoCommand].into() };
        let given = Given { author: &comment.author, commit: Some(&head), can_push: &comment.can_push };
        let mut because = self.disqualifications(&given);
        if comment.edited {
            because.insert(Disqualification::Edited);
        }
        match &comment.by_app {
            Fact::Known(false) => {}
            Fact::Known(true) => drop(because.insert(Disqualification::ThroughApp)),
            Fact::Unknown(why) => drop(because.insert(Disqualification::ThroughAppUnknown(why.clone()))),
        }
        if let Ok(author) = comment.author.get() {
            because.extend(self.overruled(comment, author.id, reviews));
        }
        because
    }

    /// What the same person said in a review goes before: a request for changes whenever it was made, and a dismissal
    /// unless the comment surely came after it. A review of somebody unknown may be theirs.
    fn overruled(&self, comment: &Comment, author: UserId, reviews: &[Review]) -> Option<Disqualification> {
        let approves_this = |review: &Review| {
            review.state == ReviewState::Approved && self.of_another_head(review.commit.as_ref()).is_none()
        };
        let nameless = reviews.iter().filter(|review| decides(review.state) && !approves_this(review));
        if let Some(why) = nameless.into_iter().find_map(|review| review.author.get().err()) {
            return Some(Disqualification::PersonUnknown(format!("whose a review is: {why}")));
        }
        let own = latest(reviews).find(|review| review.author.get().is_ok_and(|by| by.id == author))?;
        let stands = match own.state {
            ReviewState::ChangesRequested => false,
            ReviewState::Dismissed => own.dismissal.as_ref().is_some_and(|gone| gone.at < comment.at),
            ReviewState::Approved | ReviewState::Commented | ReviewState::Pending => true,
        };
        (!stands).then_some(Disqualification::Overruled)
    }
}

impl Approvals {
    fn of(&mut self, account: UserId) -> Option<&mut Counted> {
        self.counted.iter_mut().find(|counted| counted.by.id == account)
    }
}

#[cfg(test)]
mod tests {
    use super::approved;

    #[test]
    fn only_the_exact_line_is_the_command() {
        let head = "0123456789abcdef0123456789abcdef01234567";
        assert!(approved(&format!("/portcullis approve {head}")).is_some());
        assert!(approved(&format!("/portcullis approve {}", "a".repeat(64))).is_some());
        for line in [
            format!("> /portcullis approve {head}"),
            format!(" /portcullis approve {head}"),
            format!("/portcullis approve  {head}"),
            format!("/portcullis approve {head} "),
            format!("/portcullis approve {head}."),
            format!("/portcullis approve {head} please"),
            format!("/Portcullis approve {head}"),
            format!("/portcullis approve {}", head.to_uppercase()),
            format!("/portcullis approve {}", &head[..12]),
            "/portcullis approve".to_owned(),
            format!("`/portcullis approve {head}`"),
        ] {
            assert!(approved(&line).is_none(), "{line}");
        }
    }
}
