//! Adversity on the API, chosen by the test.

use std::time::Duration;

use serde::Deserialize;

use crate::step::Step;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This status, and nothing was done.
    Before(u16),
    /// Everything was done, and the answer is this status all the same.
    After(u16),
    /// 429 with `retry-after`.
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    /// 403 of a secondary rate limit with `retry-after`.
    Secondary {
        /// Seconds.
        retry_after: u64,
    },
    /// The hourly budget is used up: 403 in REST, 200 with errors in GraphQL.
    Exhausted {
        /// Seconds from now until the budget is full again.
        reset_in: u64,
    },
    /// The answer shows each pull request as it was this many events ago.
    Lag {
        /// Events.
        events: usize,
    },
    /// The connection breaks in the middle of the answer, after everything was done.
    Drop,
    /// No answer until [`release`](crate::FakeGithub::release), and nothing is done before.
    Hang,
    /// Everything is done at once, and the answer comes with [`release`](crate::FakeGithub::release).
    Mute,
}

/// Which calls a fault is for.
///
/// Written as `POST /repos/*/*/check-runs`, `graphql PullRequest`, `graphql`, `git`, or `*` for every call. The word
/// after `graphql` is the operation's name or a mutation's field; such a field may also stand alone: `updateRefs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route(String);

impl From<&str> for Route {
    fn from(text: &str) -> Self {
        let is_field = !text.contains([' ', '/', '*']) && text != "graphql" && text != "git";
        Self(if is_field { format!("graphql {text}") } else { text.to_owned() })
    }
}

impl Route {
    /// Whether a call, as [`Call::route`](crate::Call) names it, is meant.
    pub(crate) fn matches(&self, call: &str) -> bool {
        if self.0 == "*" {
            return true;
        }
        let (Some((verb, pattern)), Some((call_verb, path))) = (self.0.split_once(' '), call.split_once(' '))
        else {
            return call.split(' ').next() == Some(self.0.as_str());
        };
        let mut wanted = pattern.split('/');
        let mut given = path.split('/');
        verb == call_verb
            && loop {
                match (wanted.next(), given.next()) {
                    (None, None) => break true,
                    (Some(one), Some(other)) if one == "*" || one == other => {}
                    _ => break false,
                }
            }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Weather {
    pub(crate) latency: Duration,
    ambushes: Vec<(Route, Step)>,
    /// What came of those that were due.
    pub(crate) ambushed: Vec<Result<(), String>>,
    planned: Vec<(Route, Fault, usize)>,
}

impl Weather {
    pub(crate) fn plan(&mut self, route: Route, fault: Fault, times: usize) {
        self.planned.push((route, fault, times));
    }

    /// The fault that strikes this call, counted off.
    pub(crate) fn strike(&mut self, names: &[String]) -> Option<Fault> {
        let meant = |route: &Route| names.iter().any(|name| route.matches(name));
        let found = self.planned.iter_mut().find(|(route, _, times)| *times > 0 && meant(route))?;
        found.2 -= 1;
        Some(found.1)
    }

    pub(crate) fn ambush(&mut self, route: Route, step: Step) {
        self.ambushes.push((route, step));
    }

    /// What happens right before this call, each once.
    pub(crate) fn due(&mut self, names: &[String]) -> Vec<Step> {
        let meant = |route: &Route| names.iter().any(|name| route.matches(name));
        self.ambushes.extract_if(.., |(route, _)| meant(route)).map(|(_, step)| step).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
        self.ambushes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn a_star_stands_for_one_segment() {
        let route = Route::from("POST /repos/*/*/check-runs");
        assert!(route.matches("POST /repos/acme/web/check-runs"));
        assert!(!route.matches("PATCH /repos/acme/web/check-runs"));
        assert!(!route.matches("POST /repos/acme/web/check-runs/1"));
        assert!(Route::from("graphql").matches("graphql PullRequest"));
        assert!(!Route::from("graphql TeamMembers").matches("graphql PullRequest"));
        assert!(Route::from("git").matches("git /acme/web.git/info/refs"));
    }
}
