//! What guards the governed branches of one repository: rulesets and classic protection.
//!
//! Rules in force are read with metadata alone, whoever's ruleset they are of; classic protection needs administration.
//! 404 means "not protected" only to who could have seen it: everybody else was refused.

use std::collections::BTreeMap;

use policy::{Fact, RepoName};

use super::ask::{Asker, all, fact, one};
use super::{
    BranchPosture, BranchRule, Bypass, Classic, Demand, InstallationSeen, RepositorySeen, RequiredCheck, wire,
};
use crate::github::GitHub;
use crate::github::error::ForgeError;

/// Three hundred branches of a repository, and as many rules of one.
const MOST_PAGES: u32 = 3;

impl GitHub {
    /// The default branch, then every other that is protected; and whether those could be listed.
    pub(super) async fn branch_postures(
        &self,
        installation: &InstallationSeen,
        repository: &RepositorySeen,
        check: &str,
    ) -> (Fact<()>, Vec<BranchPosture>) {
        let api = self.api();
        let repo = &repository.name;
        let mut url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "branches"]);
        url.query_pairs_mut().append_pair("protected", "true");
        let asker = Asker::Installation(installation.id);
        let listed = fact(
            all::<Vec<wire::Branch>>(api, asker, "list_branches", &url, MOST_PAGES).await,
            "contents: read",
        );
        let (listed, protected) = match listed {
            Fact::Known(branches) => {
                let names: Vec<String> = branches.into_iter().map(|branch| branch.name).collect();
                (Fact::Known(()), Some(names))
            }
            Fact::Unknown(why) => (Fact::Unknown(why), None),
        };
        let default = repository.default_branch.as_str();
        let others = protected.iter().flatten().map(String::as_str).filter(|name| *name != default);
        let mut bypass = BTreeMap::new();
        let mut postures = Vec::new();
        for name in std::iter::once(default).chain(others) {
            let rules = self.rules(asker, repo, name).await;
            let bypass = self.bypass_of(asker, repo, (&rules, check), &mut bypass).await;
            // A branch that is known to be unprotected has no classic protection either.
            let classic = match &protected {
                Some(protected) if !protected.iter().any(|known| known == name) => Fact::Known(None),
                _ => self.classic(installation, repo, name).await,
            };
            postures.push(BranchPosture { name: name.to_owned(), rules, classic, bypass });
        }
        (listed, postures)
    }

    async fn rules(&self, asker: Asker, repo: &RepoName, branch: &str) -> Fact<Vec<BranchRule>> {
        let api = self.api();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "rules", "branches", branch]);
        let listed = all::<Vec<wire::Rule>>(api, asker, "list_branch_rules", &url, MOST_PAGES).await;
        let read = |rule: wire::Rule| BranchRule {
            ruleset: rule.ruleset_id,
            source: rule.ruleset_source.clone(),
            demand: rule.demand(),
        };
        fact(listed.map(|listed| listed.into_iter().map(read).collect()), "metadata: read")
    }

    async fn classic(
        &self,
        installation: &InstallationSeen,
        repo: &RepoName,
        branch: &str,
    ) -> Fact<Option<Classic>> {
        const NEEDS: &str = "administration: read";
        if !installation.permissions.contains_key("administration") {
            return Fact::unknown(format!("needs `{NEEDS}`"));
        }
        let api = self.api();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "branches", branch, "protection"]);
        let asker = Asker::Installation(installation.id);
        let told: Result<wire::Protection, _> = one(api, asker, "get_branch_protection", url).await;
        match told {
            Err(ForgeError::Gone { .. }) => Fact::Known(None),
            told => fact(told.map(|told| Some(told.into())), NEEDS),
        }
    }

    /// Who may go past the rulesets that require our check. Each is read once.
    async fn bypass_of(
        &self,
        asker: Asker,
        repo: &RepoName,
        (rules, check): (&Fact<Vec<BranchRule>>, &str),
        read: &mut BTreeMap<u64, Fact<Vec<Bypass>>>,
    ) -> BTreeMap<u64, Fact<Vec<Bypass>>> {
        let mut bypass = BTreeMap::new();
        let Fact::Known(rules) = rules else { return bypass };
        for rule in rules.iter().filter(|rule| rule.demand.requires(check)) {
            let Some(id) = rule.ruleset else { continue };
            let known = match read.get(&id) {
                Some(known) => known.clone(),
                None => self.bypass(asker, repo, id).await,
            };
            read.insert(id, known.clone());
            bypass.insert(id, known);
        }
        bypass
    }

    /// GitHub tells it only to who may change the ruleset:
    /// <https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset>
    async fn bypass(&self, asker: Asker, repo: &RepoName, ruleset: u64) -> Fact<Vec<Bypass>> {
        let api = self.api();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "rulesets", &ruleset.to_string()]);
        let told: Result<wire::Ruleset, _> = one(api, asker, "get_ruleset", url).await;
        match fact(told, "metadata: read") {
            Fact::Unknown(why) => Fact::Unknown(why),
            Fact::Known(wire::Ruleset { bypass_actors: None }) => {
                Fact::unknown("needs the right to change the ruleset, such as `administration: write`")
            }
            Fact::Known(wire::Ruleset { bypass_actors: Some(actors) }) => {
                Fact::Known(actors.into_iter().map(Bypass::from).collect())
            }
        }
    }
}

impl Demand {
    /// Whether a check of this name is among what it demands.
    #[must_use]
    pub fn requires(&self, check: &str) -> bool {
        matches!(self, Self::Checks(checks) if checks.iter().any(|required: &RequiredCheck| required.context == check))
    }
}
