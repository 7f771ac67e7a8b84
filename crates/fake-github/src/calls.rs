//! The log of what was called, for tests that count.

use std::fmt;

use crate::exchange::Exchange;

/// One API call or git request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET /repos/acme/web`, `graphql PullRequest` or `git /acme/web.git/info/refs`.
    pub route: String,
    /// The status answered; 0 while it is under way.
    pub status: u16,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route, self.status)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    api: Vec<Call>,
    git: Vec<Call>,
    pub(crate) unknown: Vec<String>,
    /// `None` until somebody wants to keep them.
    pub(crate) exchanges: Option<Vec<Exchange>>,
}

/// Where the status goes once it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry {
    Api(usize),
    Git(usize),
}

impl Log {
    pub(crate) fn begin(&mut self, route: &str) -> Entry {
        let call = Call { route: route.to_owned(), status: 0 };
        if route.starts_with("git ") {
            self.git.push(call);
            return Entry::Git(self.git.len() - 1);
        }
        self.api.push(call);
        Entry::Api(self.api.len() - 1)
    }

    pub(crate) fn end(&mut self, entry: Entry, status: u16) {
        let call = match entry {
            Entry::Api(index) => self.api.get_mut(index),
            Entry::Git(index) => self.git.get_mut(index),
        };
        if let Some(call) = call {
            call.status = status;
        }
    }

    pub(crate) fn api_since(&self, mark: usize) -> Vec<Call> {
        self.api.get(mark..).unwrap_or_default().to_vec()
    }

    pub(crate) fn git(&self) -> Vec<Call> {
        self.git.clone()
    }
}
