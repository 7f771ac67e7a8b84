//! `portcullis doctor`: examines how the forge is set up. It reads, and changes nothing.

mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use futures_util::{StreamExt as _, stream};
use policy::rules::{DEFAULT_CHECK, Rules};
use policy::{Fact, RepoName};

use super::access::Access;
use super::{Error, runtime, say};
use crate::config::{self, Flags, RulesAt};
use crate::doctor::{Count, Examined, RulesRead, Section, Standing, app, branch, installation, repository};
use crate::github::posture::{AppSeen, InstallationSeen, RepositoryPosture, RepositorySeen};
use crate::github::{ForgeError, GitHub, Purpose, RulesFile};

/// Repositories examined at one time.
const AT_ONCE: usize = 4;

/// What stands below the flags.
const MEANING: &str = "Each line is pass, FAIL or UNKNOWN, with the way to mend it. Nothing is changed.
Leaves with 0 when nothing failed, with 1 when something did, with 2 when it could not be found out.
What is UNKNOWN could not be seen and is no pass; alone it leaves with 0, so read it.";

/// Examine how the forge is set up
#[derive(Debug, Args)]
#[command(after_help = MEANING)]
pub(super) struct Doctor {
    /// Only this repository, its branches and its installation
    #[arg(value_name = "OWNER/REPO")]
    repository: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// The rules, which name the check: a local file, or with --rules-repository the path in it
    #[arg(long, env = "PORTCULLIS_RULES", value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Repository that holds the rules at its default branch
    #[arg(long, env = "PORTCULLIS_RULES_REPOSITORY", value_name = "OWNER/NAME")]
    rules_repository: Option<String>,
    #[command(flatten)]
    access: Access,
}

impl Doctor {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let named = match &self.repository {
            Some(text) => {
                let told = format!("`{}` is no repository such as `acme/web`", text.escape_debug());
                Some(RepoName::parse(text).ok_or(told)?)
            }
            None => None,
        };
        let flags = Flags {
            rules: self.rules.clone(),
            rules_repository: self.rules_repository.clone(),
            ..self.access.flags()
        };
        let at = config::rules_named(&flags)?;
        let reader = self.access.reader(Purpose::Inspect)?;
        let (check, sections) = runtime()?.block_on(async {
            let rules = read_rules(reader.github(), at).await;
            let sections = Examination::begin(reader.github(), rules.rules(), rules.check()).await?;
            Ok::<_, Error>((rules.check(), sections.all(&rules, named.as_ref()).await?))
        })?;
        say(&if self.json { show::as_json(&check, &sections) } else { show::as_text(&check, &sections) });
        Ok(match Count::of(&sections).worst() {
            Standing::Fail => ExitCode::FAILURE,
            Standing::Pass | Standing::Unknown => ExitCode::SUCCESS,
        })
    }
}

async fn read_rules(github: &GitHub, at: Option<RulesAt>) -> RulesRead {
    let Some(at) = at else { return RulesRead::Unnamed };
    let name = at.to_string();
    let text = match at {
        RulesAt::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
        RulesAt::Repository(at) => match github.policy(&at.repository, &at.path).await {
            Err(error) => Err(error.to_string()),
            Ok(read) if at.id.is_some_and(|id| id != read.repository.id.0) => {
                Err("the name leads to another repository than the one whose `id` is given".to_owned())
            }
            Ok(read) => match read.file {
                Fact::Known(RulesFile::Text(found)) => Ok(found.text),
                Fact::Known(RulesFile::Missing) => Err("there is no such file".to_owned()),
                Fact::Known(RulesFile::Unusable(why)) | Fact::Unknown(why) => Err(why),
            },
        },
    };
    match text {
        Ok(text) => {
            let parsed = Box::new(Rules::parse(&name, &text));
            RulesRead::Read { name, parsed }
        }
        Err(why) => RulesRead::Unread { name, why },
    }
}

struct Examination<'r> {
    github: &'r GitHub,
    app: AppSeen,
    rules: Option<&'r Rules>,
    check: Fact<String>,
}

impl<'r> Examination<'r> {
    async fn begin(github: &'r GitHub, rules: Option<&'r Rules>, check: Fact<String>) -> Result<Self, Error> {
        Ok(Self { github, app: github.app().await?, rules, check })
    }

    async fn all(&self, rules: &RulesRead, named: Option<&RepoName>) -> Result<Vec<Section>, Error> {
        let installations = match named {
            None => self.github.all_installations().await?,
            Some(repo) => vec![self.installation_of(repo).await?],
        };
        let (hook, deliveries) = (self.github.hook().await, self.github.recent_deliveries().await);
        let examined = Examined::App { name: self.app.slug.clone(), id: self.app.id };
        let lines = app(rules, installations.len(), &hook, &deliveries);
        let mut sections = vec![Section { examined, lines }];
        for seen in &installations {
            let repositories = match named {
                _ if seen.suspended => Fact::unknown("the forge gives out no token while it is suspended"),
                None => self.github.repositories(seen.id).await,
                Some(repo) => Fact::Known(vec![self.github.repository(seen.id, repo).await?]),
            };
            let examined = Examined::Installation { name: seen.account.clone(), id: seen.id.0 };
            sections
                .push(Section { examined, lines: installation(&self.app, seen, &repositories, self.rules) });
            sections.extend(self.repositories(seen, repositories).await);
        }
        Ok(sections)
    }

    async fn installation_of(&self, repo: &RepoName) -> Result<InstallationSeen, Error> {
        match self.github.installation_of(repo).await {
            Err(ForgeError::Gone { .. }) => Err(format!("the App is not installed at `{repo}`").into()),
            other => Ok(other?),
        }
    }

    /// What is archived takes no change.
    async fn repositories(&self, seen: &InstallationSeen, listed: Fact<Vec<RepositorySeen>>) -> Vec<Section> {
        let listed = listed.get().cloned().unwrap_or_default();
        let check = self.check.get().map_or(DEFAULT_CHECK, |check| check.as_str());
        let living = listed.into_iter().filter(|repository| !repository.archived);
        let examined = living.map(|repository| self.github.repository_posture(seen, repository, check));
        let postures: Vec<RepositoryPosture> = stream::iter(examined).buffered(AT_ONCE).collect().await;
        postures.iter().flat_map(|posture| self.repository(posture)).collect()
    }

    fn repository(&self, posture: &RepositoryPosture) -> Vec<Section> {
        let name = posture.repository.name.to_string();
        let lines = repository(posture, self.rules);
        let mut sections = vec![Section { examined: Examined::Repository { name: name.clone() }, lines }];
        for seen in &posture.branches {
            let examined = Examined::Branch { repository: name.clone(), name: seen.name.clone() };
            sections.push(Section { examined, lines: branch(seen, &self.check, self.app.id) });
        }
        sections
    }
}
