//! The App, its installations and their repositories.

use std::collections::{BTreeSet, HashSet};

use policy::{Fact, InstallationId, RepoId, RepoName};

use super::ask::{Asker, Eye, all, fact, one};
use super::branch::Wanted;
use super::{
    AppSeen, DeliveriesSeen, Environment, HookSeen, InstallationSeen, RepositoryPosture, RepositorySeen, wire,
};
use crate::github::GitHub;
use crate::github::error::{ForgeError, quote};
use crate::github::{RulesFile, rules};

/// A thousand installations, repositories of one, deploy keys, environments.
const MOST_PAGES: u32 = 10;
/// Of more environments it is not asked whether they ask us.
const MOST_ENVIRONMENTS: usize = 50;

impl GitHub {
    /// The App itself.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn app(&self) -> Result<AppSeen, ForgeError> {
        let api = self.api();
        let wire::App { id, slug, permissions, events } =
            one(api, Asker::App, "get_app", api.addresses.rest(&["app"])).await?;
        Ok(AppSeen { id, slug, permissions, events })
    }

    /// The App's webhook, or why it cannot be seen.
    pub async fn hook(&self) -> Fact<HookSeen> {
        let api = self.api();
        let url = api.addresses.rest(&["app", "hook", "config"]);
        let told: Result<wire::Hook, _> = one(api, Asker::App, "get_hook", url).await;
        let seen = told.map(|hook| HookSeen {
            url: hook.url,
            content_type: hook.content_type,
            insecure_ssl: hook.insecure_ssl.map(|told| match told {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            }),
            signed: hook.secret.is_some_and(|secret| !secret.is_empty()),
        });
        fact(seen, "the App's own key")
    }

    /// The newest page of deliveries, or why they cannot be seen.
    pub async fn recent_deliveries(&self) -> Fact<DeliveriesSeen> {
        let api = self.api();
        let mut url = api.addresses.rest(&["app", "hook", "deliveries"]);
        url.query_pairs_mut().append_pair("per_page", "100");
        let told: Result<Vec<wire::Delivery>, _> = one(api, Asker::App, "list_deliveries", url).await;
        fact(told.map(|listed| count(&listed)), "the App's own key")
    }

    /// All installations of the App.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::Incomplete`] when there are more than a thousand.
    pub async fn all_installations(&self) -> Result<Vec<InstallationSeen>, ForgeError> {
        let api = self.api();
        let url = api.addresses.rest(&["app", "installations"]);
        let listed =
            all::<Vec<wire::Installation>>(api, Asker::App, "list_installations", &url, MOST_PAGES).await?;
        Ok(listed.into_iter().map(InstallationSeen::from).collect())
    }

    /// The installation that a repository belongs to.
    ///
    /// # Errors
    /// [`ForgeError::Gone`] when the App is not installed there.
    pub async fn installation_of(&self, repo: &RepoName) -> Result<InstallationSeen, ForgeError> {
        let api = self.api();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "installation"]);
        let told: wire::Installation = one(api, Asker::App, "find_installation", url).await?;
        Ok(told.into())
    }

    /// One repository.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn repository(
        &self,
        id: InstallationId,
        repo: &RepoName,
    ) -> Result<RepositorySeen, ForgeError> {
        let api = self.api();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name()]);
        let told = one(api, Asker::Installation(id), "get_repository", url).await?;
        seen(told).ok_or_else(|| ForgeError::broken("get_repository", "its name is none"))
    }

    /// The repositories of an installation, or why they cannot be listed.
    pub async fn repositories(&self, id: InstallationId) -> Fact<Vec<RepositorySeen>> {
        let api = self.api();
        let url = api.addresses.rest(&["installation", "repositories"]);
        let listed =
            all::<wire::Repositories>(api, Asker::Installation(id), "list_repositories", &url, MOST_PAGES)
                .await;
        let listed = listed.and_then(|listed| {
            let named: Option<Vec<_>> = listed.into_iter().map(seen).collect();
            named.ok_or_else(|| ForgeError::broken("list_repositories", "a repository's name is none"))
        });
        fact(listed, "metadata: read")
    }

    /// What guards a repository and its governed branches, where `check` is ours.
    pub async fn repository_posture(
        &self,
        installation: &InstallationSeen,
        repository: RepositorySeen,
        check: &str,
    ) -> RepositoryPosture {
        let (id, repo) = (installation.id, repository.name.clone());
        let eye = Eye::new(self.api(), Asker::Installation(id));
        let administration = installation.permissions.contains_key("administration");
        let wanted = Wanted { check, administration, more: &BTreeSet::new(), most: usize::MAX };
        let (listed, branches) = eye.branch_postures((&repo, &repository.default_branch), wanted).await;
        let fork_approval = match repository.private {
            true => None,
            false => Some(eye.fork_approval(&repo).await),
        };
        RepositoryPosture {
            listed,
            branches,
            own_rules: self.own_rules(id, &repo).await,
            writing_keys: eye.writing_keys(&repo).await,
            fork_approval,
            environments: eye.environments(&repo, self.inner.pulls.app_id()).await,
            repository,
        }
    }

    async fn own_rules(&self, id: InstallationId, repo: &RepoName) -> Fact<RulesFile> {
        match fact(rules::own(self.api(), id, repo).await, "contents: read") {
            Fact::Known(file) => file,
            Fact::Unknown(why) => Fact::Unknown(why),
        }
    }
}

impl Eye<'_> {
    pub(in crate::github) async fn writing_keys(&self, repo: &RepoName) -> Fact<Vec<(u64, String)>> {
        let url = self.below(repo, &["keys"]);
        let keys = self.all::<Vec<wire::DeployKey>>("list_deploy_keys", &url, MOST_PAGES).await;
        let writing = keys.map(|keys| {
            keys.into_iter().filter(|key| !key.read_only).map(|key| (key.id, key.title)).collect()
        });
        self.fact(writing, "administration: read")
    }

    /// <https://docs.github.com/en/rest/actions/permissions>, told of public repositories.
    pub(in crate::github) async fn fork_approval(&self, repo: &RepoName) -> Fact<String> {
        let url = self.below(repo, &["actions", "permissions", "fork-pr-contributor-approval"]);
        let told: Result<wire::ForkApproval, _> = self.one("get_fork_approval", url).await;
        self.fact(told.map(|told| told.approval_policy), "administration: read")
    }

    /// Its environments, and whether each asks this App.
    pub(in crate::github) async fn environments(&self, repo: &RepoName, app: u64) -> Fact<Vec<Environment>> {
        let url = self.below(repo, &["environments"]);
        let listed = self.all::<wire::Environments>("list_environments", &url, MOST_PAGES).await;
        let mut all: Vec<Environment> = match self.fact(listed, "actions: read") {
            Fact::Known(listed) => listed.into_iter().map(Environment::from).collect(),
            Fact::Unknown(why) => return Fact::Unknown(why),
        };
        for environment in all.iter_mut().take(MOST_ENVIRONMENTS) {
            let url = self.below(repo, &["environments", &environment.name, "deployment_protection_rules"]);
            let rules: Result<wire::DeploymentRules, _> = self.one("list_deployment_rules", url).await;
            let ours = |rule: &wire::DeploymentRule| {
                rule.enabled && rule.app.as_ref().is_some_and(|from| from.id == app)
            };
            let asks_us = rules.map(|rules| rules.custom_deployment_protection_rules.iter().any(ours));
            environment.asks_us = self.fact(asks_us, "actions: read");
        }
        Fact::Known(all)
    }
}

impl From<wire::Installation> for InstallationSeen {
    fn from(told: wire::Installation) -> Self {
        let (account, kind) = told.account.map(|account| (account.login, account.kind)).unwrap_or_default();
        Self {
            id: InstallationId(told.id),
            account,
            organization: kind != "User",
            permissions: told.permissions,
            events: told.events,
            suspended: told.suspended_at.is_some(),
        }
    }
}

fn seen(told: wire::Repository) -> Option<RepositorySeen> {
    let name = RepoName::parse(&told.full_name)?;
    let wire::Repository { id, default_branch, private, archived, .. } = told;
    Some(RepositorySeen { id: RepoId(id), name, default_branch, private, archived })
}

/// A delivery that was taken at a later try is no failure: tries share the GUID.
fn count(listed: &[wire::Delivery]) -> DeliveriesSeen {
    let taken = |delivery: &&wire::Delivery| (200..300).contains(&delivery.status_code);
    let well: HashSet<&str> = listed.iter().filter(taken).map(|delivery| delivery.guid.as_str()).collect();
    let all: HashSet<&str> = listed.iter().map(|delivery| delivery.guid.as_str()).collect();
    let newest = listed.iter().find(|delivery| !well.contains(delivery.guid.as_str()));
    DeliveriesSeen {
        seen: all.len(),
        failed: all.len() - well.len(),
        newest_failure: newest.map(|delivery| quote(&format!("{}: {}", delivery.event, delivery.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_that_was_taken_in_the_end_did_not_fail() {
        let delivery = |guid: &str, status_code| wire::Delivery {
            guid: guid.to_owned(),
            event: "push".to_owned(),
            status: format!("answered {status_code}"),
            status_code,
        };
        let told = count(&[delivery("a", 202), delivery("b", 401), delivery("a", 503), delivery("c", 0)]);
        let newest_failure = Some("push: answered 401".to_owned());
        assert_eq!(told, DeliveriesSeen { seen: 3, failed: 2, newest_failure });
        assert_eq!(count(&[]), DeliveriesSeen::default());
    }
}
