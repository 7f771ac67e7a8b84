//! Facts with one thing less known.

use crate::facts::{Fact, Facts, Pull};

/// Counts places until it is at the one to forget.
struct Eraser {
    left: usize,
    erased: Option<&'static str>,
}

impl Eraser {
    fn is_here(&mut self, what: &'static str) -> bool {
        if self.erased.is_some() {
            return false;
        }
        if self.left == 0 {
            self.erased = Some(what);
            return true;
        }
        self.left -= 1;
        false
    }

    fn fact<T>(&mut self, fact: &mut Fact<T>, what: &'static str) {
        if matches!(fact, Fact::Known(_)) && self.is_here(what) {
            *fact = Fact::unknown("forgotten");
        }
    }

    fn pull(&mut self, pull: &mut Pull) {
        if let Fact::Known(reviews) = &mut pull.reviews {
            for review in reviews {
                self.fact(&mut review.author, "a review's author");
                self.fact(&mut review.can_push, "a reviewer's access");
                if let Some(dismissal) = &mut review.dismissal {
                    self.fact(&mut dismissal.by, "who dismissed a review");
                }
                if review.dismissal.is_some() && self.is_here("that a review was dismissed by somebody") {
                    review.dismissal = None;
                }
                if review.at.is_some() && self.is_here("when a review was given") {
                    review.at = None;
                }
            }
        }
        if let Fact::Known(comments) = &mut pull.comments {
            for comment in comments {
                self.fact(&mut comment.author, "a comment's author");
                self.fact(&mut comment.can_push, "a commenter's access");
                self.fact(&mut comment.by_app, "whether an App commented");
            }
        }
        if let Fact::Known(assignments) = &mut pull.assignments {
            for assignment in assignments {
                self.fact(&mut assignment.by, "who assigned");
                self.fact(&mut assignment.to, "who was assigned");
            }
        }
        for carried in &mut pull.carried {
            self.fact(&mut carried.whole, "whether an approved head is carried on");
        }
        self.fact(&mut pull.lineage, "where the commits were seen first");
        self.fact(&mut pull.hidden, "text that people do not see");
        self.fact(&mut pull.comments, "the comments");
        self.fact(&mut pull.assignments, "the assignments");
        if pull.head_since.is_some() && self.is_here("since when the head is there") {
            pull.head_since = None;
        }
        if let Fact::Known(change) = &mut pull.change
            && change.lines.is_some()
            && self.is_here("the changed lines")
        {
            change.lines = None;
        }
        if let Fact::Known(change) = &mut pull.change {
            for file in &mut change.files {
                if file.lines.is_some() && self.is_here("the changed lines of a file") {
                    file.lines = None;
                }
            }
        }
        if let Some(Fact::Known(tally)) = &mut pull.tally {
            for counted in tally {
                self.fact(&mut counted.lines, "the changed lines of another pull request");
            }
        }
        if let Some(tally) = &mut pull.tally {
            self.fact(tally, "what else the agent did");
        }
        if pull.tally.is_some() && self.is_here("that anything was counted") {
            pull.tally = None;
        }
        self.fact(&mut pull.author, "the author");
        self.fact(&mut pull.labels, "the labels");
        if let Some(enabler) = &mut pull.auto_merge {
            self.fact(enabler, "who switched auto-merge on");
        }
        self.fact(&mut pull.commits, "the commits");
        self.fact(&mut pull.reviews, "the reviews");
        self.fact(&mut pull.pushers, "the pushers");
        self.fact(&mut pull.change, "the change");
    }
}

/// The facts without the known thing at this place, counted from 0, and what it is; `None` when there is no such place.
pub(super) fn forget(facts: &Facts, place: usize) -> Option<(Facts, &'static str)> {
    let mut facts = facts.clone();
    let mut eraser = Eraser { left: place, erased: None };
    eraser.pull(&mut facts.pull);
    if let Fact::Known(siblings) = &mut facts.siblings {
        for sibling in siblings {
            eraser.pull(sibling);
        }
    }
    eraser.fact(&mut facts.siblings, "the siblings");
    eraser.fact(&mut facts.own_rules, "the repository's own rules");
    let groups: Vec<_> = facts.roster.groups.keys().cloned().collect();
    for group in groups {
        if let Some(members) = facts.roster.groups.get_mut(&group) {
            eraser.fact(members, "the members of a group");
        }
        if eraser.is_here("that a group was looked up") {
            facts.roster.groups.remove(&group);
        }
    }
    eraser.erased.map(|what| (facts, what))
}
