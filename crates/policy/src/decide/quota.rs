//! Whether an agent's pull request is within the agent's quota, or has to wait for its turn.
//!
//! Those that were opened first go first, so that another one never takes anything from those that pass. What cannot be
//! counted blocks. A day is the 24 hours before the look.

use change::Class;

use super::bounds::Bound;
use super::{cannot_see, standing};
use crate::facts::{Counted, Fact, Facts, Pull, PullState};
use crate::ids::Millis;
use crate::predicate::Touched;
use crate::rules::Quota;
use crate::rules::in_force::InForce;
use crate::verdict::{Effect, Evidence, Finding};

/// 24 hours in milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000;
/// A backlog of pull requests is let pass day by day for so many days, and what is left of it after that.
pub const BACKLOG_DAYS: u64 = 7;
/// So many of those that count are named.
const MOST_NAMED: usize = 20;

/// What is beyond the quota, and when that may change by itself.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    pub(super) findings: Vec<Finding>,
    pub(super) turn: Option<Millis>,
}

/// Checks the quota of the agent that opened the pull request.
pub(super) fn check(facts: &Facts, pull: &Pull, law: &InForce<'_>, files: &Fact<Touched<'_>>) -> Beyond {
    let author = pull.author.get().ok().and_then(|author| standing::registered(author.id, law.rules));
    let Some(agent) = author.and_then(|name| law.rules.agents.get(&name)) else { return Beyond::default() };
    let bounds = Bound::all(law, agent).filter(|bound| bound.quota().is_some_and(Quota::asks_of_pulls));
    let bounds: Vec<Bound<'_>> = bounds.collect();
    if bounds.is_empty() {
        return Beyond::default();
    }
    let tally = match &pull.tally {
        Some(Fact::Known(tally)) => tally,
        Some(Fact::Unknown(why)) => return unseen(agent.name.as_str(), why),
        None => return unseen(agent.name.as_str(), "they were not counted"),
    };
    let mut beyond = Beyond::default();
    for bound in &bounds {
        let here = facts.repository.id;
        let counted = tally.iter().filter(|other| bound.counts(other.repository.id, here)).collect();
        let count = Count { now: facts.now, bound, counted };
        count.open(&mut beyond);
        count.today(&mut beyond);
        count.lines(files, &mut beyond);
    }
    beyond
}

fn unseen(agent: &str, why: &str) -> Beyond {
    let findings = vec![cannot_see(format!("what else agent `{agent}` has opened: {why}"))];
    Beyond { findings, turn: None }
}

/// What counts for one quota.
struct Count<'c> {
    now: Millis,
    bound: &'c Bound<'c>,
    counted: Vec<&'c Counted>,
}

impl<'c> Count<'c> {
    fn earlier(&self) -> impl Iterator<Item = &'c Counted> {
        self.counted.iter().copied().filter(|other| other.earlier)
    }

    fn open(&self, beyond: &mut Beyond) {
        let Some(limit) = self.bound.quota().and_then(|quota| quota.open) else { return };
        let open: Vec<&Counted> = self.earlier().filter(|other| other.state == PullState::Open).collect();
        if (open.len() as u64) < limit {
            return;
        }
        let message = format!(
            "agent `{}` has {} before this one, of {limit} that may pass at a time; it waits \
             until one of them is closed or merged",
            self.bound.name(),
            plural(open.len(), "open pull request")
        );
        let finding = self.bound.beyond(
            Effect::Waits,
            message,
            "Close or merge one of those before it: then it moves on by itself.",
        );
        beyond.findings.push(naming(finding, open));
    }

    fn today(&self, beyond: &mut Beyond) {
        let Some(limit) = self.bound.quota().and_then(|quota| quota.pulls_a_day) else { return };
        let mut opened: Vec<&Counted> = self.earlier().collect();
        opened.sort_by_key(|other| std::cmp::Reverse(other.opened_at));
        let turn = turn(&opened, limit);
        if limit > 0 && turn.is_none_or(|turn| turn <= self.now) {
            return;
        }
        let today = opened.iter().filter(|other| other.opened_at > before(self.now));
        let until = turn.map_or_else(String::new, |turn| format!("; its turn comes at {}", turn.minute()));
        let message = format!(
            "agent `{}` opened {} within 24 hours before this one, of {limit} that may pass a \
             day{until}",
            self.bound.name(),
            plural(today.count(), "pull request")
        );
        let way_out = "It moves on by itself when its turn comes.";
        beyond.findings.push(naming(self.bound.beyond(Effect::Waits, message, way_out), opened));
        beyond.wait_until(turn);
    }

    fn lines(&self, files: &Fact<Touched<'_>>, beyond: &mut Beyond) {
        let bounded = self.bound.quota().map(|quota| &quota.lines_a_day);
        // What changed is told of as not seen already.
        let (Some(bounded), Ok(files)) = (bounded, files.get()) else { return };
        let own = if bounded.is_empty() { Default::default() } else { files.lines() };
        for (class, limit) in bounded {
            match own.get(class) {
                None | Some(Some(0)) => {}
                Some(Some(lines)) => self.lines_of(class, *limit, *lines, beyond),
                Some(None) => {
                    let what = format!("how many lines of class `{class}` it changes: they were not counted");
                    beyond.findings.push(cannot_see(what));
                }
            }
        }
    }

    /// What was merged within the day counts, whenever it was opened: those lines are used up.
    fn lines_of(&self, class: &Class, limit: u64, own: u64, beyond: &mut Beyond) {
        let mut used: Vec<(Millis, u64, &Counted)> = Vec::new();
        for other in &self.counted {
            let since = match (other.state, other.ended_at) {
                (PullState::Open, _) if other.earlier => other.opened_at,
                (PullState::Merged, Some(merged)) => merged,
                (PullState::Open | PullState::Merged | PullState::Closed, _) => continue,
            };
            if since <= before(self.now) {
                continue;
            }
            match &other.lines {
                Fact::Known(lines) => {
                    let lines = lines.get(class).copied().unwrap_or(0);
                    used.extend((lines > 0).then_some((since, lines, *other)));
                }
                Fact::Unknown(why) => {
                    let what = format!("how many lines {} changes: {why}", called(other));
                    beyond.findings.push(cannot_see(what));
                    return;
                }
            }
        }
        let sum = used.iter().fold(own, |sum, (_, lines, _)| sum.saturating_add(*lines));
        if sum <= limit {
            return;
        }
        // The oldest leave the day first.
        used.sort_by_key(|(since, _, _)| *since);
        let mut left = sum;
        let turn = used.iter().find_map(|(since, lines, _)| {
            left = left.saturating_sub(*lines);
            (left <= limit).then(|| after(*since, 1))
        });
        let until = match turn {
            Some(turn) => format!("; not before {}", turn.minute()),
            None => "; this one alone is more than that".to_owned(),
        };
        let message = format!(
            "with this one agent `{}` changes {sum} lines of class `{class}` within 24 hours, of {limit}{until}",
            self.bound.name()
        );
        let way_out = match turn {
            Some(_) => "It moves on by itself when its turn comes.",
            None => "Make the change smaller.",
        };
        let finding = self.bound.beyond(Effect::Waits, message, way_out);
        beyond.findings.push(naming(finding, used.into_iter().map(|(_, _, other)| other)));
        beyond.wait_until(turn);
    }
}

impl Beyond {
    /// The earliest moment at which anything may change.
    fn wait_until(&mut self, turn: Option<Millis>) {
        self.turn = self.turn.into_iter().chain(turn).min();
    }
}

/// When a pull request may pass, given those that were opened before, newest first: on so many days in a row no more
/// than as many times the number pass, so that a backlog is let pass day by day and not all at once.
fn turn(earlier: &[&Counted], limit: u64) -> Option<Millis> {
    let nth = |days: u64| {
        let at = usize::try_from(limit.saturating_mul(days)).ok()?.checked_sub(1)?;
        Some(after(earlier.get(at)?.opened_at, days))
    };
    (1..=BACKLOG_DAYS).filter_map(nth).max()
}

fn naming<'c>(mut finding: Finding, counted: impl IntoIterator<Item = &'c Counted>) -> Finding {
    let mut named: Vec<Evidence> = Vec::new();
    for other in counted {
        finding.evidence_total += 1;
        if named.len() < MOST_NAMED {
            named.push(Evidence::Note(format!("{}, opened {}", called(other), other.opened_at.minute())));
        }
    }
    Finding { evidence: named, ..finding }
}

fn called(other: &Counted) -> String {
    format!("{}#{}", other.repository.name, other.number)
}

/// So many of something.
pub(super) fn plural(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// A day before.
pub(super) fn before(now: Millis) -> Millis {
    Millis(now.0.saturating_sub(DAY))
}

/// So many days after.
pub(super) fn after(at: Millis, days: u64) -> Millis {
    Millis(at.0.saturating_add(DAY.saturating_mul(i64::try_from(days).unwrap_or(i64::MAX))))
}
