//! What guards a repository, and what the gate's installation is: everything that a look at protections compares.
//!
//! Read with the right to read alone, where it was granted. What is refused is unknown with what it would take; what is no
//! answer at all is an error, and the look is taken again.

mod branch;

use std::collections::{BTreeMap, BTreeSet};

use policy::act::{Access, Guard, Guards, Holder, Lock, Setting};
use policy::facts::Repository;
use policy::{Fact, GuardSubject, InstallationSubject, RepoId, RepoName};

use super::GitHub;
use super::error::ForgeError;
use super::posture::ask::{Asker, Eye};
use super::posture::branch::Wanted;
use super::posture::wire::{self, Grantee, Whole};
use super::posture::{Environment, InstallationSeen, RepositorySeen};

/// A repository with more protected branches is watched in part; `doctor` examines them all.
const MOST_BRANCHES: usize = 50;
/// A thousand accounts or teams.
const MOST_PAGES: u32 = 10;

/// What was read of a repository.
#[derive(Debug)]
pub struct GuardsRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// What guards it.
    pub guards: Guards,
}

impl GitHub {
    /// What guards a repository, or why it cannot be looked at. `check` is ours, and `before` are branches that were
    /// guarded when it was last read.
    ///
    /// # Errors
    /// [`ForgeError`] that asking again may mend.
    pub async fn read_guards(
        &self,
        subject: &GuardSubject,
        check: &str,
        before: &BTreeSet<String>,
    ) -> Result<Fact<GuardsRead>, ForgeError> {
        let eye = Eye::new(&self.inner.api, Asker::Gate(subject.installation));
        let url = self.inner.api.addresses.rest(&["repositories", &subject.repo_id.to_string()]);
        let whole = match eye.fact(eye.one::<Whole>("get_repository", url).await, "metadata: read") {
            Fact::Known(whole) => whole,
            Fact::Unknown(why) => return eye.answered().map(|()| Fact::Unknown(why)),
        };
        let name = RepoName::parse(&whole.full_name)
            .filter(|_| whole.id == subject.repo_id.0)
            .ok_or_else(|| ForgeError::broken("get_repository", "it is another repository"))?;
        let mut found = own(&whole);
        let app = self.inner.pulls.app_id();
        let wanted = Wanted { check, administration: true, more: before, most: MOST_BRANCHES };
        let (_, branches) = eye.branch_postures((&name, &whole.default_branch), wanted).await;
        for seen in &branches {
            // A branch that is gone is not looser; the ledger of refs tells of it.
            if seen.name == whole.default_branch
                || !before.contains(&seen.name)
                || exists(&eye, &name, &seen.name).await
            {
                found.extend(branch::guards(seen, check, app));
            }
        }
        found.push(Guard::of(Lock::DeployKeys, "", keys(eye.writing_keys(&name).await)));
        for (lock, list, needs) in [
            (Lock::Accounts, "collaborators", "metadata: read"),
            (Lock::Teams, "teams", "administration: read"),
        ] {
            let mut url = eye.below(&name, &[list]);
            if lock == Lock::Accounts {
                url.query_pairs_mut().append_pair("affiliation", "direct");
            }
            let listed = eye.all::<Vec<Grantee>>(operation(lock), &url, MOST_PAGES).await;
            found.push(Guard::of(lock, "", eye.fact(listed.map(grants), needs)));
        }
        found.extend(environments(eye.environments(&name, app).await));
        if !whole.private {
            let told = match eye.fork_approval(&name).await {
                Fact::Known(word) => Fact::Known(Setting::Strength(fork_runs(&word))),
                Fact::Unknown(why) => Fact::Unknown(why),
            };
            found.push(Guard::of(Lock::ForkRuns, "", told));
        }
        eye.answered()?;
        let repository = Repository { id: RepoId(whole.id), name };
        Ok(Fact::Known(GuardsRead { repository, guards: Guards::new(found) }))
    }

    /// What the gate's installation is now, and the repositories that it covers. The App itself is asked, which may when
    /// the installation is suspended or gone.
    ///
    /// # Errors
    /// [`ForgeError`] that asking again may mend.
    pub async fn read_installation(
        &self,
        subject: &InstallationSubject,
    ) -> Result<(Guards, Vec<RepositorySeen>), ForgeError> {
        let api = &self.inner.api;
        let eye = Eye::new(api, Asker::App);
        let url = api.addresses.rest(&["app", "installations", &subject.installation.to_string()]);
        let seen: InstallationSeen = match eye.one::<wire::Installation>("get_installation", url).await {
            Ok(told) => told.into(),
            Err(ForgeError::Gone { .. }) => {
                let gone = || Fact::unknown("the App is not installed");
                let lists = [Lock::Permission, Lock::Covered].map(|lock| Guard::of(lock, "", gone()));
                return Ok((Guards::new([in_force(0)].into_iter().chain(lists).collect()), Vec::new()));
            }
            Err(error) => return Err(error),
        };
        let mut found = vec![in_force(if seen.suspended { 1 } else { 2 })];
        found.extend(seen.permissions.iter().map(|(name, level)| {
            let strength = if level == "read" { 1 } else { 2 };
            Guard::of(Lock::Permission, name, Fact::Known(Setting::Strength(strength)))
        }));
        let listed = match seen.suspended {
            true => Fact::unknown("the forge gives out no token while it is suspended"),
            false => self.repositories(seen.id).await,
        };
        let covered = match listed {
            Fact::Known(covered) => covered,
            Fact::Unknown(why) => {
                found.push(Guard::of(Lock::Covered, "", Fact::Unknown(why)));
                Vec::new()
            }
        };
        found.extend(covered.iter().map(|repository| {
            let named = Setting::Named { id: repository.id.0, name: repository.name.to_string() };
            Guard::of(Lock::Covered, &repository.id.to_string(), Fact::Known(named))
        }));
        Ok((Guards::new(found), covered))
    }
}

fn in_force(strength: u64) -> Guard {
    Guard::of(Lock::InForce, "", Fact::Known(Setting::Strength(strength)))
}

/// What the repository tells of itself.
fn own(whole: &Whole) -> Vec<Guard> {
    let known = |lock, setting| Guard::of(lock, "", Fact::Known(setting));
    let mut found = vec![
        known(Lock::DefaultBranch, Setting::Value(whole.default_branch.clone())),
        known(Lock::Private, Setting::Strength(u64::from(whole.private))),
        known(Lock::Owner, Setting::Named { id: whole.owner.id, name: whole.owner.login.clone() }),
    ];
    match &whole.security_and_analysis {
        None => {
            let why = "needs `administration: read`, and a feature that was switched once";
            found.push(Guard::of(Lock::Security, "", Fact::unknown(why)));
        }
        Some(features) => found.extend(features.iter().filter_map(|(name, feature)| {
            let on = feature.as_ref()?.status == "enabled";
            Some(Guard::of(Lock::Security, name, Fact::Known(Setting::Strength(u64::from(on)))))
        })),
    }
    found
}

/// Whether a branch is there; unless that is certain, it is.
async fn exists(eye: &Eye<'_>, repo: &RepoName, branch: &str) -> bool {
    let parts: Vec<&str> = ["git", "ref", "heads"].into_iter().chain(branch.split('/')).collect();
    let told: Result<serde_json::Value, _> = eye.one("get_ref", eye.below(repo, &parts)).await;
    !matches!(told, Err(ForgeError::Gone { .. }))
}

fn keys(seen: Fact<Vec<(u64, String)>>) -> Fact<Setting> {
    let holder = |(id, title): (u64, String)| (id.to_string(), Holder { name: title, level: 1 });
    match seen {
        Fact::Known(keys) => Fact::Known(Setting::Holders(keys.into_iter().map(holder).collect())),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

const fn operation(lock: Lock) -> &'static str {
    match lock {
        Lock::Teams => "list_teams",
        _ => "list_collaborators",
    }
}

/// Each by the most that it may do.
fn grants(listed: Vec<Grantee>) -> Setting {
    let grant = |grantee: Grantee| {
        let may = grantee.permissions.iter().filter(|(_, may)| **may);
        let level = may.filter_map(|(name, _)| Access::parse(name)).map(Access::level).max();
        (grantee.id.to_string(), Holder { name: grantee.login, level: level.unwrap_or(0) })
    };
    Setting::Holders(listed.into_iter().map(grant).collect::<BTreeMap<_, _>>())
}

fn environments(seen: Fact<Vec<Environment>>) -> Vec<Guard> {
    let seen = match seen {
        Fact::Known(seen) => seen,
        Fact::Unknown(why) => return vec![Guard::of(Lock::Reviewers, "", Fact::Unknown(why))],
    };
    let mut found = Vec::new();
    for one in seen {
        let strength = |held: bool| Fact::Known(Setting::Strength(u64::from(held)));
        found.push(Guard::of(Lock::Reviewers, &one.name, strength(one.reviewed)));
        found.push(Guard::of(Lock::SelfReview, &one.name, strength(one.prevent_self_review)));
        let admins = match one.admins_bypass {
            Some(bypass) => strength(!bypass),
            None => Fact::unknown("the forge does not tell"),
        };
        found.push(Guard::of(Lock::AdminBypass, &one.name, admins));
        let asks_us = match one.asks_us {
            Fact::Known(asks) => strength(asks),
            Fact::Unknown(why) => Fact::Unknown(why),
        };
        found.push(Guard::of(Lock::DeploymentRule, &one.name, asks_us));
    }
    found
}

/// The more runs wait, the tighter. What is not known to wait counts as not waiting.
fn fork_runs(word: &str) -> u64 {
    match word {
        "all_external_contributors" => 2,
        "first_time_contributors" => 1,
        _ => 0,
    }
}
