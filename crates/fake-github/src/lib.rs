//! A GitHub.
