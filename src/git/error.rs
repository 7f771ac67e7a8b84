//! What can go wrong with git, by what to do about it.

use change::ParseError;

/// Why there is no answer. Text in it is from git or the forge: bounded, without control characters and tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// The forge's API is ahead of its git, or the commit is gone: look at the subject again in moments.
    #[error("the forge does not hand out the commit yet")]
    NotThereYet,
    /// Others fetch the same repository, and it takes long: come back later.
    #[error("others are fetching the repository")]
    Busy,
    /// It took too long and was ended: try again later.
    #[error("git took too long")]
    TimedOut,
    /// A limit was met: the change cannot be judged, and trying again will not help.
    #[error("the change has too many {0}")]
    TooLarge(&'static str),
    /// The forge denies the repository or the token: look again with a new one.
    #[error("the forge refused: {0}")]
    Refused(String),
    /// Part of the change cannot be seen: it must not pass.
    #[error("the change cannot be seen completely: {0}")]
    Unseen(String),
    /// The cached objects could not be read and were dropped: try again.
    #[error("the cached objects are damaged: {stderr}")]
    Damaged {
        /// What git said.
        stderr: String,
    },
    /// Anything else, mostly network and disk: try again with patience.
    #[error("git failed: {stderr}")]
    Broken {
        /// What git or the system said.
        stderr: String,
    },
    /// The address is not one that may be fetched from: a bad setting or a bug.
    #[error("not an address to fetch from: {0}")]
    Address(&'static str),
}

impl GitError {
    /// What git printed does not parse, so something is hidden from us.
    pub(super) fn unreadable(error: ParseError) -> Self {
        Self::Unseen(error.to_string())
    }
}

impl From<std::io::Error> for GitError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken { stderr: error.to_string() }
    }
}
