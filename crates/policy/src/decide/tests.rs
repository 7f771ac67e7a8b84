//! Stories about decisions, and properties that hold for all of them.

mod agent;
mod approval;
mod comment;
mod deployed;
mod gate;
mod group;
mod guard;
mod hidden;
mod merge;
mod moved;
mod own;
mod people;
mod property;
mod quota;
mod ran;
mod review;
mod rule;
mod scene;
mod shown;
mod sibling;
mod skip;
mod suspension;
mod tier;
