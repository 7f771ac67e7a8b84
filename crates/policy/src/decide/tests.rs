//! Stories about decisions, and properties that hold for all of them.

mod agent;
mod approval;
mod comment;
mod gate;
mod group;
mod hidden;
mod merge;
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
mod suspension;
mod tier;
