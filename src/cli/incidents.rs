//! `portcullis incidents`: what went past the gate or had to be taken back, and how far people have come with it.
//!
//! Titles, logins and messages in it are hostile: whatever is printed is escaped, and JSON carries them as they are.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use policy::RepoName;
use serde_json::{Value, json};

use super::source::Source;
use super::{Error, moment, runtime, say, signed_by};
use crate::clock::Clock;
use crate::report::escape::{plain, terminal};
use crate::store::{
    IncidentFilter, IncidentPart, IncidentState, Store, StoredAction, StoredIncident, StoredPost,
};

/// List incidents, show one, or say how far somebody has come with it
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Incidents {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List incidents, newest first
    List(List),
    /// Show what happened, who did it, the evidence, and what was done
    Show(Show),
    /// Say that somebody looks into it
    Ack(Ack),
    /// Say that it is over, and why
    Close(Close),
}

#[derive(Debug, Args)]
struct List {
    /// Only those that are: open, acknowledged or closed
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<IncidentState>,
    /// Only those of this repository
    #[arg(long, value_name = "OWNER/REPO", value_parser = repo)]
    repo: Option<RepoName>,
    /// At most so many, newest first
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Show {
    /// Which one: INC-…
    id: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Ack {
    /// Which one: INC-…
    id: String,
    /// Who looks into it [default: the user who runs this]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Close {
    /// Which one: INC-…
    id: String,
    /// Why it is over
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who closes it [default: the user who runs this]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    source: Source,
}

fn state(text: &str) -> Result<IncidentState, String> {
    IncidentState::parse(text).ok_or_else(|| "one of `open`, `acknowledged`, `closed`".to_owned())
}

fn repo(text: &str) -> Result<RepoName, String> {
    RepoName::parse(text).ok_or_else(|| "write it as `acme/web`".to_owned())
}

impl Incidents {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        runtime()?.block_on(async {
            match self.verb {
                None => self.list.run().await,
                Some(Verb::List(list)) => list.run().await,
                Some(Verb::Show(show)) => show.run().await,
                Some(Verb::Ack(ack)) => ack.run().await,
                Some(Verb::Close(close)) => close.run().await,
            }
        })
    }
}

impl List {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let filter = IncidentFilter { state: self.state, repo: self.repo, limit: self.limit };
        let found = store.incidents(&filter).await?;
        store.close().await;
        if self.json {
            let rows: Vec<Value> = found.iter().map(as_json).collect();
            say(&format!("{:#}\n", json!(rows)));
        } else if found.is_empty() {
            say("No such incident.\n");
        } else {
            say(&found.iter().map(line).collect::<String>());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(incident: &StoredIncident) -> String {
    let more = match incident.parts {
        0 | 1 => String::new(),
        parts => format!(" (and {} more)", parts - 1),
    };
    format!(
        "{}  {}  {:<12} {:<9} {}{more}\n",
        moment(incident.opened_at.0),
        incident.id,
        incident.state.as_str(),
        plain(&incident.kind, 20),
        plain(&incident.title, 200),
    )
}

fn as_json(incident: &StoredIncident) -> Value {
    json!({
        "id": incident.id,
        "kind": incident.kind,
        "repository": incident.repo,
        "title": incident.title,
        "who": incident.who,
        "agent": incident.agent,
        "state": incident.state.as_str(),
        "reason": incident.reason,
        "by": incident.by,
        "opened_at": incident.opened_at,
        "last_at": incident.last_at,
        "state_at": incident.state_at,
        "parts": incident.parts,
    })
}

/// One part, and what was done about it.
type Told = (IncidentPart, Vec<StoredAction>);

impl Show {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let incident = find(&store, &self.id).await?;
        let mut parts = Vec::new();
        for part in store.incident_parts(&self.id).await? {
            let actions = store.actions(&part.verdict).await?;
            parts.push((part, actions));
        }
        let posts = store.posts(&self.id).await?;
        store.close().await;
        if self.json {
            let mut answer = as_json(&incident);
            if let Value::Object(fields) = &mut answer {
                fields.insert("posts".to_owned(), json!(posts.iter().map(post_json).collect::<Vec<_>>()));
                fields.insert("about".to_owned(), json!(parts.iter().map(part_json).collect::<Vec<_>>()));
            }
            say(&format!("{answer:#}\n"));
        } else {
            say(&whole(&incident, &parts, &posts));
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn find(store: &Store, id: &str) -> Result<StoredIncident, Error> {
    let found = store.incident(id).await?;
    found.ok_or_else(|| format!("there is no incident `{}` in the store", plain(id, 60)).into())
}

fn post_json(post: &StoredPost) -> Value {
    json!({
        "target": post.target,
        "state": post.state.as_str(),
        "attempts": post.attempts,
        "outcome": post.outcome,
        "posted_at": post.posted_at,
    })
}

fn part_json((part, actions): &Told) -> Value {
    let action = |action: &StoredAction| {
        json!({
            "kind": action.record.kind,
            "state": action.state.as_str(),
            "outcome": action.outcome,
            "at": action.at,
        })
    };
    json!({
        "subject": part.subject_key,
        "incident": part.incident,
        "actions": actions.iter().map(action).collect::<Vec<_>>(),
    })
}

fn whole(incident: &StoredIncident, parts: &[Told], posts: &[StoredPost]) -> String {
    let mut text = format!("{}  {}\n\n", incident.id, terminal(&incident.title));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<9} {value}\n"));
    row("kind", terminal(&incident.kind));
    row("where", terminal(&incident.repo));
    let agent = incident.agent.as_ref().map(|agent| format!(", agent `{}`", terminal(agent)));
    let who = incident.who.as_deref().map_or_else(|| "not known".to_owned(), terminal);
    row("who", format!("{who}{}", agent.unwrap_or_default()));
    row("when", moment(incident.opened_at.0));
    row("state", state_in_words(incident));
    for post in posts {
        let outcome = post.outcome.as_deref().map(terminal).unwrap_or_default();
        row("told", format!("{}: {} {outcome}", post.target, post.state.as_str()).trim_end().to_owned());
    }
    for (part, actions) in parts {
        text.push_str(&format!("\n  {}  {}\n", moment(part.incident.at.0), terminal(&part.incident.title)));
        for finding in &part.incident.findings {
            let message = terminal(&finding.message);
            text.push_str(&format!("    because   {message} [{}]\n", finding.code.as_str()));
        }
        if actions.is_empty() {
            text.push_str("    done      nothing beyond telling of it\n");
        }
        for action in actions {
            text.push_str(&format!("    done      {}\n", done(action)));
        }
    }
    let told = u64::try_from(parts.len()).unwrap_or(u64::MAX);
    if incident.parts > told {
        text.push_str(&format!("\n  and {} more that are not shown\n", incident.parts - told));
    }
    text
}

fn state_in_words(incident: &StoredIncident) -> String {
    let by = incident.by.as_deref().map(terminal).unwrap_or_default();
    let at = moment(incident.state_at.0);
    match incident.state {
        IncidentState::Open => "open".to_owned(),
        IncidentState::Acknowledged => format!("acknowledged by {by} at {at}"),
        IncidentState::Closed => {
            let reason = incident.reason.as_deref().map(terminal).unwrap_or_default();
            format!("closed by {by} at {at}: {reason}")
        }
    }
}

fn done(action: &StoredAction) -> String {
    let what = match action.record.kind.as_str() {
        "put_back" => "put back to where it stood",
        "undo" => "taken back by a commit on top",
        "propose_undo" => "a pull request that takes it back",
        "show_check" => "shown by the check",
        "disable_auto_merge" => "auto-merge switched off",
        other => other,
    };
    let outcome = action.outcome.as_deref().filter(|outcome| !outcome.is_empty());
    let outcome = outcome.map(|outcome| format!(" ({})", terminal(outcome))).unwrap_or_default();
    format!("{}: {}{outcome} at {}", terminal(what), action.state.as_str(), moment(action.at.0))
}

impl Ack {
    async fn run(self) -> Result<ExitCode, Error> {
        let store = self.source.open().await?;
        let before = store.acknowledge(&self.id, &signed_by(self.by), Clock::system().now()).await?;
        let incident = find(&store, &self.id).await?;
        store.close().await;
        say(&format!("{} is {}.\n", incident.id, state_in_words(&incident)));
        Ok(match before {
            Some(IncidentState::Closed) => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        })
    }
}

impl Close {
    async fn run(self) -> Result<ExitCode, Error> {
        if self.reason.trim().is_empty() {
            return Err("say why it is over: `--reason TEXT`".into());
        }
        let store = self.source.open().await?;
        let (by, now) = (signed_by(self.by), Clock::system().now());
        let before = store.close_incident(&self.id, self.reason.trim(), &by, now).await?;
        let incident = find(&store, &self.id).await?;
        store.close().await;
        say(&format!("{} is {}.\n", incident.id, state_in_words(&incident)));
        Ok(match before {
            Some(IncidentState::Closed) => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        })
    }
}
