//! The house rules, each a test by its name: what may name what, who may act, what must be written down.
//!
//! Text checks over the repository's own files, so that they are quick, need nothing and can be read. They find honest
//! mistakes, not malice: whoever wants to get around them can, and reviewers see it. `ARCHITECTURE.md` says why each
//! rule is there. A rule that is in the way is changed here, in the open, with a decision in `docs/decisions`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "architecture/boundary.rs"]
mod boundary;
#[path = "architecture/document.rs"]
mod document;
#[path = "architecture/example.rs"]
mod example;
#[path = "architecture/habit.rs"]
mod habit;
#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/pure.rs"]
mod pure;
#[path = "architecture/tree.rs"]
mod tree;
