//! Check suites and check runs of a commit, filtered as GitHub filters.

use serde_json::{Value, json};

use super::Sight;
use super::connection::List;
use super::root::forbidden;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::auth::Level;
use crate::check::{CheckRun, Poster};
use crate::clock::rfc3339;
use crate::payload::node_id;
use crate::repo::{Commit, Repo};

/// `CheckRunFilter`; `CheckSuiteFilter` is a part of it.
#[derive(Default)]
struct Filter {
    app: Option<u64>,
    name: Option<String>,
    is_latest: bool,
}

impl Filter {
    fn read(value: Option<Value>) -> Result<Self, Trouble> {
        let mut filter = Self::default();
        let Some(Value::Object(fields)) = value else { return Ok(filter) };
        for (key, value) in fields {
            match key.as_str() {
                "appId" => filter.app = value.as_u64(),
                "checkName" => filter.name = value.as_str().map(str::to_owned),
                "checkType" => filter.is_latest = value == "LATEST",
                other => {
                    let message = format!("InputObject 'CheckRunFilter' doesn't accept argument '{other}'");
                    return Err(Trouble::Error("argumentNotAccepted", message));
                }
            }
        }
        Ok(filter)
    }

    fn takes(&self, run: &CheckRun) -> bool {
        self.app.is_none_or(|app| app == run.app.id)
            && self.name.as_ref().is_none_or(|name| *name == run.name)
    }
}

pub(super) fn suites<'w>(
    sight: Sight<'w>,
    repo: &'w Repo,
    commit: &'w Commit,
    arguments: &mut Arguments,
) -> Result<Got<'w>, Trouble> {
    let filter = Filter::read(arguments.take("filterBy"))?;
    let mut suites: Vec<Suite<'w>> = Vec::new();
    for run in sight.world.checks.iter().filter(|run| run.repo == repo.id && run.head_sha == commit.sha) {
        if filter.takes(run) && !suites.iter().any(|suite| suite.id == run.suite) {
            suites.push(Suite { sight, id: run.suite, app: &run.app });
        }
    }
    let window = List::new("CheckSuiteConnection", suites, |suite| Got::node(suite.clone()))
        .window("checkSuites", arguments)?;
    if sight.token.allows("checks", Level::Read) { Ok(window) } else { Err(forbidden()) }
}

#[derive(Clone)]
struct Suite<'w> {
    sight: Sight<'w>,
    id: u64,
    app: &'w Poster,
}

impl<'w> Node<'w> for Suite<'w> {
    fn typename(&self) -> &'static str {
        "CheckSuite"
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "id" => Got::leaf(node_id("CS", self.id)),
            "databaseId" => Got::leaf(self.id),
            "app" => Got::node(App(self.app)),
            "checkRuns" => {
                let filter = Filter::read(arguments.take("filterBy"))?;
                let mut runs: Vec<&'w CheckRun> = Vec::new();
                // Newest first, so that the first of a name is the latest.
                for run in self.sight.world.checks.iter().rev().filter(|run| run.suite == self.id) {
                    let is_older = filter.is_latest && runs.iter().any(|newer| newer.name == run.name);
                    if filter.takes(run) && !is_older {
                        runs.push(run);
                    }
                }
                return List::new("CheckRunConnection", runs, |run| Got::node(Run(run)))
                    .window("checkRuns", arguments);
            }
            _ => return Err(Trouble::NoField),
        })
    }
}

struct App<'w>(&'w Poster);

impl<'w> Node<'w> for App<'w> {
    fn typename(&self) -> &'static str {
        "App"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "databaseId" => Got::leaf(self.0.id),
            "slug" => Got::leaf(self.0.slug.as_str()),
            "name" => Got::leaf(self.0.name.as_str()),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct Run<'w>(&'w CheckRun);

impl<'w> Node<'w> for Run<'w> {
    fn typename(&self) -> &'static str {
        "CheckRun"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let run = self.0;
        Ok(Got::Leaf(match name {
            "id" => json!(node_id("CR", run.id)),
            "databaseId" => json!(run.id),
            "name" => json!(run.name),
            "status" => json!(run.status.to_uppercase()),
            "conclusion" => json!(run.conclusion.as_ref().map(|word| word.to_uppercase())),
            // GraphQL shows an external id that was never given as null.
            "externalId" => json!(Some(&run.external_id).filter(|id| !id.is_empty())),
            "detailsUrl" => json!(run.details_url),
            "title" => json!(run.title),
            "summary" => json!(run.summary),
            "text" => json!(run.text),
            "startedAt" => json!(rfc3339(run.started_at)),
            "completedAt" => json!(run.completed_at.map(rfc3339)),
            _ => return Err(Trouble::NoField),
        }))
    }
}
