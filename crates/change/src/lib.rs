//! What changed, pure over bytes: object diffs in, change classes and hidden text out.
//!
//! Nothing here runs git or reads a file. Bytes that git printed come in, and whatever is odd about them is an error:
//! a change that could not be read completely must never look like a smaller change.

pub mod class;
pub mod commit;
pub mod diff;
pub mod glob;
pub mod hidden;
mod path;
mod sha;

pub use class::{Class, ClassTable, Kinds};
pub use commit::{Commit, Ident, MAX_MESSAGE, Trailer, parse_commits};
pub use diff::{FileChange, Lines, Mode, Numstat, ParseError, Status, parse_numstat, parse_raw_diff};
pub use glob::{GlobError, Globs};
pub use hidden::{CodePoint, HiddenText, Spot};
pub use path::RawPath;
use serde::{Deserialize, Serialize};
pub use sha::Sha;

/// What would land if `head` were merged into `base`: the facts of one `(base, head)` pair, which never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where head left base; `None` when the two share no history, and every file of head then counts as added.
    pub merge_base: Option<Sha>,
    /// Every path that differs between the merge base and head. A rename is a deletion and an addition.
    pub files: Vec<FileChange>,
    /// Every commit that head has and base has not, parents first.
    pub commits: Vec<Commit>,
    /// How many lines differ, when that was asked for.
    pub lines: Option<Lines>,
}
