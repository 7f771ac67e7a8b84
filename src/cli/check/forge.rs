//! `portcullis check --forge`: whether whom the rules name exists, and whether anybody is among them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use policy::complaint::{Code, Complaint, Severity};
use policy::facts::{AccountKind, Group};
use policy::identity::Catalogue;
use policy::rules::Rules;
use policy::rules::named::{Named, Who, named};
use policy::{Fact, InstallationId, UserId};

use crate::cli::{Error, runtime};
use crate::clock::Clock;
use crate::config::{self, Flags};
use crate::git::{self, GitCache};
use crate::github::GitHub;

/// How the forge is asked, as `serve` is told.
#[derive(Debug, Clone, Args)]
pub(super) struct Forge {
    /// Ask the forge as well whether organisations, teams and accounts exist; takes the settings of `serve`
    #[arg(long)]
    pub(super) forge: bool,
    /// Settings file (TOML); flags and environment go first
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The GitHub App's id
    #[arg(long, env = "PORTCULLIS_APP_ID", value_name = "N")]
    app_id: Option<u64>,
    /// File with the App's private key (PEM); or PORTCULLIS_PRIVATE_KEY holds the key itself
    #[arg(long, env = "PORTCULLIS_PRIVATE_KEY_FILE", value_name = "FILE")]
    private_key_file: Option<PathBuf>,
    /// REST base, `https://HOST/api/v3` on GitHub Enterprise Server [default: https://api.github.com]
    #[arg(long, env = "PORTCULLIS_API_URL", value_name = "URL")]
    api_url: Option<String>,
    /// GraphQL endpoint [default: derived from the REST base]
    #[arg(long, env = "PORTCULLIS_GRAPHQL_URL", value_name = "URL")]
    graphql_url: Option<String>,
}

/// A code, what is wrong, and how bad it is.
type Wrong = (Code, String);

impl Forge {
    /// Complaints about whom the rules name.
    pub(super) fn complaints(&self, rules: &Rules, text: &str) -> Result<Vec<Complaint>, Error> {
        let flags = Flags {
            config: self.config.clone(),
            app_id: self.app_id,
            private_key_file: self.private_key_file.clone(),
            api_url: self.api_url.clone(),
            graphql_url: self.graphql_url.clone(),
            ..Flags::default()
        };
        let settings = config::forge(&flags)?;
        // Nothing is fetched; the client wants a cache all the same.
        let folder = tempfile::tempdir()?;
        let cache = Arc::new(GitCache::open(folder.path().to_owned(), git::Limits::default())?);
        let github = GitHub::new(&settings, Clock::system().as_fn(), cache)?;
        runtime()?.block_on(async {
            let census = Census { installations: github.installations().await?, github, rules };
            let mut found = Vec::new();
            for named in named(text) {
                if let Some((code, message)) = census.wrong_with(&named).await? {
                    let severity = code.record().severities.first().copied().unwrap_or(Severity::Error);
                    let help = code.record().way_out;
                    found.push(Complaint::about(text, code, severity, named.span, message, help));
                }
            }
            Ok(found)
        })
    }
}

struct Census<'r> {
    github: GitHub,
    installations: BTreeMap<String, InstallationId>,
    rules: &'r Rules,
}

impl Census<'_> {
    async fn wrong_with(&self, named: &Named) -> Result<Option<Wrong>, Error> {
        match &named.who {
            Who::Group(group) => self.group(group, &named.key).await,
            Who::Person(id) => Ok(match self.kind(*id).await? {
                Some(AccountKind::User) => None,
                Some(_) => Some((
                    Code::AccountIsNoPerson,
                    format!("`{}` names account {id}, which is of another type than User", named.key),
                )),
                None => Some(nobody(*id, &named.key)),
            }),
            Who::Account(id) => Ok(self.kind(*id).await?.is_none().then(|| nobody(*id, &named.key))),
        }
    }

    async fn group(&self, group: &Group, key: &str) -> Result<Option<Wrong>, Error> {
        let (Group::Organization(org) | Group::Team { org, .. }) = group;
        let Some(installation) = self.installations.get(org) else {
            let message = format!("`{key}` names `{group}`, and the App is not installed at `{org}`");
            return Ok(Some((Code::UnknownGroup, message)));
        };
        let members = match self.github.members(*installation, group).await? {
            Fact::Known(members) => members,
            Fact::Unknown(why) => return Ok(Some((Code::UnknownGroup, format!("`{key}`: {why}")))),
        };
        let person = |id: &&UserId| {
            !self.rules.people.except_ids.contains(*id) && Catalogue::builtin().by_user_id(**id).is_none()
        };
        let message = || format!("`{key}` names `{group}`, in which nobody is a person");
        Ok((members.iter().filter(person).count() == 0).then(|| (Code::EmptyGroup, message())))
    }

    /// Any installation may ask for any account.
    async fn kind(&self, id: UserId) -> Result<Option<AccountKind>, Error> {
        let any = self.installations.values().next();
        let installation = any.ok_or("the App is installed nowhere, so the forge tells it nothing")?;
        Ok(self.github.account_kind(*installation, id).await?)
    }
}

fn nobody(id: UserId, key: &str) -> Wrong {
    (Code::UnknownAccount, format!("`{key}` names account {id}, which does not exist"))
}
