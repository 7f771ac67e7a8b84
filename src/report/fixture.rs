//! Typical verdicts.
