//! What runs, deploys and publishes on the forge: the lists, behind the lock of the world.
//!
//! Each list is oldest first and only grows, but for releases, which can be deleted.

use std::collections::BTreeMap;

use crate::deployment::Deployment;
use crate::release::{Package, Release};
use crate::run::{Workflow, WorkflowRun};

#[derive(Debug, Default)]
pub(crate) struct Automation {
    /// By repository and path.
    pub(crate) workflows: BTreeMap<(u64, String), Workflow>,
    pub(crate) runs: Vec<WorkflowRun>,
    /// How many jobs there ever were.
    pub(crate) jobs: u64,
    pub(crate) deployments: Vec<Deployment>,
    /// How many statuses of deployments there ever were.
    pub(crate) statuses: u64,
    pub(crate) releases: Vec<Release>,
    /// How many releases and assets there ever were.
    pub(crate) published: u64,
    pub(crate) packages: Vec<Package>,
}
