//! What guards the governed branches of one repository: rulesets and classic protection.
//!
//! Rules in force are read with metadata alone, whoever's ruleset they are of; classic protection needs administration.
//! 404 means "not protected" only to who could have seen it: everybody else was refused.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Fact, RepoName};

use super::ask::Eye;
use super::{BranchPosture, BranchRule, Bypass, Classic, Demand, RequiredCheck, wire};
use crate::github::error::ForgeError;

/// Three hundred branches of a repository, and as many rules of one.
const MOST_PAGES: u32 = 3;

/// Which branches are looked at beside the default branch and those that are listed as protected.
#[derive(Debug, Clone, Copy)]
pub(in crate::github) struct Wanted<'w> {
    /// Our check's name.
    pub(in crate::github) check: &'w str,
    /// Whether classic protection can be seen at all.
    pub(in crate::github) administration: bool,
    /// Branches that were protected once, and how many there may be in all.
    pub(in crate::github) more: &'w BTreeSet<String>,
    pub(in crate::github) most: usize,
}

impl Eye<'_> {
    /// The default branch, then every other that is protected; and whether those could be listed.
    pub(in crate::github) async fn branch_postures(
        &self,
        (repo, default): (&RepoName, &str),
        wanted: Wanted<'_>,
    ) -> (Fact<()>, Vec<BranchPosture>) {
        let mut url = self.below(repo, &["branches"]);
        url.query_pairs_mut().append_pair("protected", "true");
        let listed = self
            .fact(self.all::<Vec<wire::Branch>>("list_branches", &url, MOST_PAGES).await, "contents: read");
        let (listed, protected) = match listed {
            Fact::Known(branches) => {
                let names: Vec<String> = branches.into_iter().map(|branch| branch.name).collect();
                (Fact::Known(()), Some(names))
            }
            Fact::Unknown(why) => (Fact::Unknown(why), None),
        };
        let mut names = vec![default];
        for name in protected.iter().flatten().chain(wanted.more).map(String::as_str) {
            if !names.contains(&name) && names.len() < wanted.most {
                names.push(name);
            }
        }
        let mut bypass = BTreeMap::new();
        let mut postures = Vec::new();
        for name in names {
            let rules = self.rules(repo, name).await;
            let bypass = self.bypass_of(repo, (&rules, wanted.check), &mut bypass).await;
            // A branch that is known to be unprotected has no classic protection either.
            let classic = match &protected {
                Some(protected) if !protected.iter().any(|known| known == name) => Fact::Known(None),
                _ => self.classic(wanted.administration, repo, name).await,
            };
            postures.push(BranchPosture { name: name.to_owned(), rules, classic, bypass });
        }
        (listed, postures)
    }

    async fn rules(&self, repo: &RepoName, branch: &str) -> Fact<Vec<BranchRule>> {
        let url = self.below(repo, &["rules", "branches", branch]);
        let listed = self.all::<Vec<wire::Rule>>("list_branch_rules", &url, MOST_PAGES).await;
        let read = |rule: wire::Rule| BranchRule {
            ruleset: rule.ruleset_id,
            source: rule.ruleset_source.clone(),
            demand: rule.demand(),
        };
        self.fact(listed.map(|listed| listed.into_iter().map(read).collect()), "metadata: read")
    }

    async fn classic(&self, administration: bool, repo: &RepoName, branch: &str) -> Fact<Option<Classic>> {
        const NEEDS: &str = "administration: read";
        if !administration {
            return Fact::unknown(format!("needs `{NEEDS}`"));
        }
        let url = self.below(repo, &["branches", branch, "protection"]);
        let told: Result<wire::Protection, _> = self.one("get_branch_protection", url).await;
        match told {
            Err(ForgeError::Gone { .. }) => Fact::Known(None),
            told => self.fact(told.map(|told| Some(told.into())), NEEDS),
        }
    }

    /// Who may go past the rulesets that require our check. Each is read once.
    async fn bypass_of(
        &self,
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
                None => self.bypass(repo, id).await,
            };
            read.insert(id, known.clone());
            bypass.insert(id, known);
        }
        bypass
    }

    /// GitHub tells it only to who may change the ruleset:
    /// <https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset>
    async fn bypass(&self, repo: &RepoName, ruleset: u64) -> Fact<Vec<Bypass>> {
        let url = self.below(repo, &["rulesets", &ruleset.to_string()]);
        let told: Result<wire::Ruleset, _> = self.one("get_ruleset", url).await;
        match self.fact(told, "metadata: read") {
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
