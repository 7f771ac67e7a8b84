//! The order in which a branch or tag was moved.
//!
//! Deliveries come in any order, and their moments have whole seconds: what tells the order is where each move began and
//! ended.

use policy::act::Pushed;

use crate::reconcile::ReconcileError;
use crate::store::Evidence;

/// What deliveries told, in the order in which one move leads to the next.
pub(super) fn in_order(evidence: &[Evidence]) -> Result<Vec<(&Evidence, Pushed)>, ReconcileError> {
    let mut rest = Vec::with_capacity(evidence.len());
    for one in evidence {
        rest.push((one, serde_json::from_str::<Pushed>(&one.body)?));
    }
    let mut ordered: Vec<(&Evidence, Pushed)> = Vec::with_capacity(rest.len());
    // The first is the one that no other leads to; deliveries of one second come in any order.
    while !rest.is_empty() {
        let next = match ordered.last() {
            Some((_, last)) => rest.iter().position(|(_, pushed)| pushed.before == last.after),
            None => {
                let leads_here = |(_, pushed): &(&Evidence, Pushed)| {
                    !rest.iter().any(|(_, other)| other.after == pushed.before && other != pushed)
                };
                rest.iter().position(leads_here)
            }
        };
        ordered.push(rest.remove(next.unwrap_or(0)));
    }
    Ok(ordered)
}
