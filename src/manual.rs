//! The manual of the rules language, made from the code: `docs/rules.md` and the schema that editors read.
//!
//! The chapters that people wrote stand in `src/manual/rules.md`; the reference is put in from the records beside the
//! parser (`policy::reference`). Both documents are compared with the repository's by the tests, so neither can differ
//! from what the program does.

pub mod limits;
mod page;
mod schema;

pub use page::page;
pub use schema::schema;

#[cfg(test)]
mod tests;
