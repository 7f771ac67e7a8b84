//! What changed, pure over bytes: object diffs in, change classes out.

mod sha;

pub use sha::Sha;
