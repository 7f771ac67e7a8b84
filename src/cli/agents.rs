//! `portcullis agents`: who is registered, who is suspended, and how far a suspension has taken effect.
//!
//! Read from the store, with the rules that `serve` had in force last. Nothing here speaks to the forge: a suspension is
//! written down, and every `serve` on the store acts by it.

mod suspend;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use policy::rules::{Agent, Rules, Suspension};
use serde_json::{Value, json};

use super::source::Source;
use super::{Error, moment, runtime, say, signed_by};
use crate::clock::Clock;
use crate::report::escape::{plain, terminal};
use crate::rulebook::{Good, LAST_GOOD};
use crate::store::{Receipt, Store, StoredSuspension};

/// List agents, show one, suspend one, or end a suspension
#[derive(Debug, Args)]
pub(super) struct Agents {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the agents of the rules in force, and who is suspended
    List(List),
    /// Show an agent's registration and its suspensions
    Show(Show),
    /// Stop an agent everywhere, and follow until that has taken effect
    Suspend(suspend::Suspend),
    /// End an agent's suspension
    Resume(Resume),
}

#[derive(Debug, Args)]
struct List {
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Show {
    /// The agent's name in the rules
    name: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Resume {
    /// The agent's name in the rules
    name: String,
    /// Who ends it [default: the user who runs this]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    source: Source,
}

impl Agents {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        runtime()?.block_on(async {
            match self.verb {
                Verb::List(list) => list.run().await,
                Verb::Show(show) => show.run().await,
                Verb::Suspend(suspend) => suspend.run().await,
                Verb::Resume(resume) => resume.run().await,
            }
        })
    }
}

/// The rules that `serve` had in force last; where it never had any, those of the settings.
async fn rules(store: &Store, source: &Source) -> Result<Option<Rules>, Error> {
    if let Some(text) = store.kv_get(LAST_GOOD).await? {
        let good: Good = serde_json::from_str(&text)?;
        return Ok(Rules::parse(&good.place, &good.text).rules);
    }
    let Some(path) = source.rules_file()? else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("the rules `{}` cannot be read: {error}", path.display()))?;
    Ok(Rules::parse(&path.display().to_string(), &text).rules)
}

/// Complains about a name that no rules in force know. Where no rules are known, any name may be right.
fn known(rules: Option<&Rules>, name: &str) -> Result<(), Error> {
    let Some(rules) = rules.filter(|rules| !rules.agents.contains_key(name)) else { return Ok(()) };
    let names: Vec<String> = rules.agents.keys().map(|name| format!("`{name}`")).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(format!("no agent `{}` is registered in the rules in force; there are: {names}", plain(name, 60))
        .into())
}

impl List {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let rules = rules(&store, &self.source).await?;
        let suspended = store.suspended().await?;
        store.close().await;
        let mut agents: BTreeMap<&str, (Option<&Agent>, Option<&Suspension>)> = BTreeMap::new();
        for (name, agent) in rules.iter().flat_map(|rules| &rules.agents) {
            agents.insert(name, (Some(agent), None));
        }
        for (name, suspension) in &suspended {
            agents.entry(name).or_default().1 = Some(suspension);
        }
        if self.json {
            let rows: Vec<Value> =
                agents.iter().map(|(name, (agent, why))| as_json(name, *agent, *why)).collect();
            say(&format!("{:#}\n", json!(rows)));
        } else if agents.is_empty() {
            say("No agent is registered.\n");
        } else {
            say(&agents.iter().map(|(name, (agent, why))| line(name, *agent, *why)).collect::<String>());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(name: &str, agent: Option<&Agent>, suspension: Option<&Suspension>) -> String {
    let state = match suspension {
        Some(why) => format!(
            "suspended by {} at {}: {}",
            plain(&why.by, 60),
            moment(why.at.0),
            plain(&why.reason, 200)
        ),
        None => "active".to_owned(),
    };
    let owner = agent.map_or_else(|| "not registered".to_owned(), |agent| terminal(&agent.owner));
    format!("{:<24} {owner:<24} {state}\n", plain(name, 60))
}

fn as_json(name: &str, agent: Option<&Agent>, suspension: Option<&Suspension>) -> Value {
    json!({
        "name": name,
        "registered": agent.is_some(),
        "owner": agent.map(|agent| &agent.owner),
        "purpose": agent.map(|agent| &agent.purpose),
        "repos": agent.map(|agent| agent.repos.patterns()),
        "branches": agent.map(|agent| agent.branches.patterns()),
        "may": agent.map(|agent| agent.may.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "expires": agent.and_then(|agent| agent.expires.as_ref()).map(|expiry| expiry.date.to_string()),
        "suspended": suspension,
    })
}

impl Show {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let rules = rules(&store, &self.source).await?;
        let past = store.suspensions(Some(&self.name)).await?;
        if past.is_empty() {
            known(rules.as_ref(), &self.name)?;
        }
        let mut told = Vec::new();
        for one in past {
            let receipts = store.receipts(&one.id).await?;
            told.push((one, receipts));
        }
        store.close().await;
        let agent = rules.as_ref().and_then(|rules| rules.agents.get(&self.name));
        let now = told.iter().find(|(one, _)| one.ended.is_none()).map(|(one, _)| &one.suspension);
        if self.json {
            let mut answer = as_json(&self.name, agent, now);
            if let Value::Object(fields) = &mut answer {
                let past: Vec<Value> = told.iter().map(past_json).collect();
                fields.insert("suspensions".to_owned(), json!(past));
            }
            say(&format!("{answer:#}\n"));
            return Ok(ExitCode::SUCCESS);
        }
        say(&line(&self.name, agent, now));
        if let Some(agent) = agent {
            say(&registration(agent));
        }
        for (one, receipts) in &told {
            say(&format!("\n  {}\n{}", in_words(one), table(receipts)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn registration(agent: &Agent) -> String {
    let may: Vec<String> = agent.may.iter().map(ToString::to_string).collect();
    let expires = agent.expires.as_ref().map_or_else(|| "never".to_owned(), |expiry| expiry.date.to_string());
    let rows = [
        ("purpose", agent.purpose.clone()),
        ("repos", agent.repos.patterns().join(", ")),
        ("branches", agent.branches.patterns().join(", ")),
        ("may", may.join(", ")),
        ("expires", expires),
    ];
    rows.iter().map(|(name, value)| format!("  {name:<9} {}\n", terminal(value))).collect()
}

fn in_words(one: &StoredSuspension) -> String {
    let why = &one.suspension;
    let began = format!("{} by {}: {}", moment(why.at.0), terminal(&why.by), terminal(&why.reason));
    match &one.ended {
        None => format!("suspended since {began}"),
        Some((at, by)) => format!("was suspended from {began}; ended {} by {}", moment(at.0), terminal(by)),
    }
}

fn past_json((one, receipts): &(StoredSuspension, Vec<Receipt>)) -> Value {
    json!({
        "reason": one.suspension.reason,
        "by": one.suspension.by,
        "at": one.suspension.at,
        "ended_at": one.ended.as_ref().map(|(at, _)| at),
        "ended_by": one.ended.as_ref().map(|(_, by)| by),
        "steps": receipts
            .iter()
            .map(|receipt| {
                json!({
                    "step": receipt.step.as_str(),
                    "concerned": receipt.concerned,
                    "done": receipt.done,
                    "failed": receipt.failed,
                    "at": receipt.at,
                })
            })
            .collect::<Vec<_>>(),
    })
}

/// One line for each receipt.
fn table(receipts: &[Receipt]) -> String {
    receipts.iter().map(|receipt| format!("  {}\n", receipt_line(receipt))).collect()
}

fn receipt_line(receipt: &Receipt) -> String {
    let failed = match receipt.failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    let at = receipt.at.map_or_else(|| "under way".to_owned(), |at| moment(at.0));
    format!("{:<22} {} of {}{failed}  {at}", receipt.step.as_str(), receipt.done, receipt.concerned)
}

impl Resume {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let ended = store.resume(&self.name, &signed_by(self.by), Clock::system().now()).await?;
        store.close().await;
        let name = plain(&self.name, 60);
        if ended {
            say(&format!("`{name}` is no longer suspended. What is open is judged again within seconds.\n"));
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("`{name}` is not suspended.\n"));
        Ok(ExitCode::FAILURE)
    }
}
