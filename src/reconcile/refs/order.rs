//! The order in which a branch or tag was moved.
//!
//! Deliveries come in any order, and their moments have whole seconds: what tells the order is where each move began and
//! ended. Any order that joins them all is as good as any other: what somebody who is no agent did is never moved away
//! from, and moves in a circle come back to where they began.

use std::collections::BTreeMap;

use policy::Sha;
use policy::act::Pushed;

use crate::reconcile::ReconcileError;
use crate::store::Evidence;

/// A move that was told of.
#[derive(Debug)]
pub(super) struct Told<'e> {
    pub(super) evidence: &'e Evidence,
    pub(super) pushed: Pushed,
}

/// What deliveries told, as they came.
pub(super) fn read(evidence: &[Evidence]) -> Result<Vec<Told<'_>>, ReconcileError> {
    let read = |evidence| Ok(Told { evidence, pushed: serde_json::from_str(&evidence.body)? });
    evidence.iter().map(read).collect()
}

/// The same, so that each move begins where the one before ended, as far as they do. `stood` is where the first began,
/// when that is known: what does not follow from there is put before it.
pub(super) fn in_order<'e>(mut rest: Vec<Told<'e>>, stood: Option<&Sha>) -> Vec<Told<'e>> {
    let mut ordered = Vec::with_capacity(rest.len());
    let known = if stood.is_some() { trail(&mut rest, stood.cloned()) } else { Vec::new() };
    while let Some(from) = beginning(&rest, stood) {
        ordered.append(&mut trail(&mut rest, from));
    }
    ordered.extend(known);
    ordered
}

/// Takes out what was told too late: the moves that come before where it `stood` when it was judged last, if all others
/// follow from there. Later moves have been judged without them.
pub(super) fn take_late<'e>(told: &mut Vec<Told<'e>>, stood: Option<&Sha>) -> Vec<Told<'e>> {
    let broken = told
        .windows(2)
        .rposition(|pair| matches!(pair, [one, next] if one.pushed.after != next.pushed.before));
    let from = broken.map_or(0, |broken| broken + 1);
    let follows = told.get(from).is_some_and(|told| stood.is_some() && told.pushed.before.as_ref() == stood);
    if follows { told.drain(..from).collect() } else { Vec::new() }
}

/// Whether nothing is missing before or between.
pub(super) fn is_whole(told: &[Told<'_>], stood: Option<&Sha>) -> bool {
    let begins = told.first().and_then(|told| told.pushed.before.as_ref());
    stood.is_none_or(|stood| begins == Some(stood)) && is_joined(told)
}

/// Whether each begins where the one before ended.
pub(super) fn is_joined(told: &[Told<'_>]) -> bool {
    told.windows(2).all(|pair| matches!(pair, [one, next] if one.pushed.after == next.pushed.before))
}

/// From where to where the last move led.
pub(super) fn last<'t>(told: &'t [Told<'_>]) -> (Option<&'t Sha>, Option<&'t Sha>) {
    let last = told.last().map(|told| &told.pushed);
    (last.and_then(|pushed| pushed.before.as_ref()), last.and_then(|pushed| pushed.after.as_ref()))
}

/// Where the last move led.
pub(super) fn end<'t>(told: &'t [Told<'_>]) -> Option<&'t Sha> {
    last(told).1
}

/// Where the first of these began: from there more moves lead away than lead there. Moves in a circle begin where it
/// stood, or with what came first.
fn beginning(rest: &[Told<'_>], stood: Option<&Sha>) -> Option<Option<Sha>> {
    let mut leads_away: BTreeMap<Option<&Sha>, i64> = BTreeMap::new();
    for Told { pushed, .. } in rest {
        *leads_away.entry(pushed.before.as_ref()).or_default() += 1;
        *leads_away.entry(pushed.after.as_ref()).or_default() -= 1;
    }
    let mut begin = rest.iter().map(|told| &told.pushed.before);
    let source = begin.clone().find(|before| leads_away.get(&before.as_ref()).is_some_and(|more| *more > 0));
    let known = begin.clone().find(|before| stood.is_some() && before.as_ref() == stood);
    source.or(known).or_else(|| begin.next()).cloned()
}

/// Takes out moves that follow from there, each once: all of them, where one way leads through all.
fn trail<'e>(rest: &mut Vec<Told<'e>>, from: Option<Sha>) -> Vec<Told<'e>> {
    let mut open: Vec<(Option<Sha>, Option<Told<'e>>)> = vec![(from, None)];
    let mut trail = Vec::new();
    while let Some((at, by)) = open.pop() {
        match rest.iter().position(|told| told.pushed.before == at) {
            Some(next) => {
                let next = rest.remove(next);
                open.push((at, by));
                open.push((next.pushed.after.clone(), Some(next)));
            }
            // A dead end is where the way ends; what leads round is put in before it.
            None => trail.extend(by),
        }
    }
    trail.reverse();
    trail
}

#[cfg(test)]
mod tests {
    use policy::{Fact, Millis};

    use super::*;

    fn sha(name: char) -> Option<Sha> {
        (name != '-').then(|| Sha::parse(&name.to_string().repeat(40)).unwrap())
    }

    /// Moves such as `ab` are told in this order. Answers the order they were made in.
    fn ordered(told: &[&str], stood: char) -> String {
        let evidence: Vec<Evidence> = told
            .iter()
            .map(|ends| {
                let mut ends = ends.chars().map(sha);
                let (before, after) = (ends.next().unwrap(), ends.next().unwrap());
                let pushed = Pushed { actor: Fact::unknown("-"), before, after, forced: false };
                let body = serde_json::to_string(&pushed).unwrap();
                Evidence { id: String::new(), body, at: Millis(0) }
            })
            .collect();
        let ordered = in_order(read(&evidence).unwrap(), sha(stood).as_ref());
        let name = |sha: &Option<Sha>| sha.as_ref().map_or('-', |sha| sha.as_str().chars().next().unwrap());
        let ends = |told: &Told<'_>| format!("{}{} ", name(&told.pushed.before), name(&told.pushed.after));
        let whole = is_whole(&ordered, sha(stood).as_ref());
        format!("{}{whole}", ordered.iter().map(ends).collect::<String>())
    }

    #[test]
    fn whatever_comes_first_the_moves_are_joined() {
        assert_eq!(ordered(&["bc", "ab", "cd"], '-'), "ab bc cd true");
        // Back and forth, and then on: the way on comes last, however early it was told of.
        assert_eq!(ordered(&["ac", "ba", "ab"], '-'), "ab ba ac true");
        assert_eq!(ordered(&["b-", "-c", "ab"], '-'), "ab b- -c true");
    }

    #[test]
    fn a_circle_begins_where_it_stood() {
        assert_eq!(ordered(&["ba", "ab"], 'a'), "ab ba true");
        assert_eq!(ordered(&["ba", "ab"], 'b'), "ba ab true");
    }

    #[test]
    fn what_is_told_too_late_comes_before_what_follows() {
        assert_eq!(ordered(&["-b", "cb", "bd"], 'c'), "-b cb bd false");
    }

    #[test]
    fn what_is_missing_is_noticed() {
        assert_eq!(ordered(&["ab", "cd"], '-'), "ab cd false");
        assert_eq!(ordered(&["bc"], 'a'), "bc false");
        assert_eq!(ordered(&["bc"], 'b'), "bc true");
    }
}
