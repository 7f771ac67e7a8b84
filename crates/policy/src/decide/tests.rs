//! Stories about decisions, and properties that hold for all of them.

mod agent;
mod approval;
mod gate;
mod moved;
mod own;
mod people;
mod property;
mod ran;
mod review;
mod rule;
mod scene;
mod sibling;
mod skip;
