//! End to end: signed HTTP in, real git, real SQLite, and the text of the forge out.
//!
//! One binary, so that everything is linked once.

mod gate;
mod scenarios;

use gate::Gate;
