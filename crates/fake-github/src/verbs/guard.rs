//! What guards a repository changes, and so does what the App may see.

use serde_json::{Value, json};

use super::VerbError;
use crate::payload::{guard as told, organization, user};
use crate::repo::Permission;
use crate::server::FakeGithub;
use crate::step::{ChangeRepo, Collaborator, RepoChange, TeamAccess};
use crate::world::{Missing, World};

fn permission(word: &str) -> Result<Permission, VerbError> {
    match word {
        "read" => Ok(Permission::Read),
        "write" => Ok(Permission::Write),
        "admin" => Ok(Permission::Admin),
        other => Err(VerbError::Refused(format!("`{other}` is no permission"))),
    }
}

/// Who changes which repository.
#[derive(Clone, Copy)]
struct Hand {
    actor: u64,
    repo: u64,
}

impl FakeGithub {
    /// Changes something about a repository.
    ///
    /// # Errors
    /// When what it names is not there, or is there already.
    pub async fn change_repo(&self, step: ChangeRepo) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let hand = Hand { actor: world.account(&step.actor)?.id, repo: world.repo(&step.repo)?.id };
        apply(&mut world, hand, step.change)?;
        drop(world);
        self.told();
        Ok(())
    }
}

fn apply(world: &mut World, hand: Hand, change: RepoChange) -> Result<(), VerbError> {
    match change {
        RepoChange::RulesetCreated(_) | RepoChange::RulesetEdited(_) | RepoChange::RulesetDeleted(_) => {
            ruleset(world, hand, change)
        }
        RepoChange::ProtectionCreated(_)
        | RepoChange::ProtectionEdited(_)
        | RepoChange::ProtectionDeleted(_)
        | RepoChange::ProtectionEnabled
        | RepoChange::ProtectionDisabled => protection(world, hand, change),
        RepoChange::MemberAdded(who) => member(world, hand, "added", &who),
        RepoChange::MemberEdited(who) => member(world, hand, "edited", &who),
        RepoChange::TeamEdited(access) => team(world, hand, &access),
        RepoChange::TeamRemoved(slug) => team_removed(world, hand, &slug),
        RepoChange::DeployKeyCreated(key) => {
            world.repo_mut(hand.repo)?.safeguards.deploy_keys.push(key.clone());
            told::deploy_key(world, "created", (hand.repo, hand.actor), &key);
            Ok(())
        }
        RepoChange::DeployKeyDeleted(title) => {
            let keys = &mut world.repo_mut(hand.repo)?.safeguards.deploy_keys;
            let place = keys.iter().position(|key| key.title == title);
            let gone = keys.remove(place.ok_or_else(|| Missing::new("deploy key", title))?);
            told::deploy_key(world, "deleted", (hand.repo, hand.actor), &gone);
            Ok(())
        }
        RepoChange::EnvironmentEdited(new) => {
            let environments = &mut world.repo_mut(hand.repo)?.safeguards.environments;
            let found = environments.iter_mut().find(|one| one.name == new.name);
            let found = found.ok_or_else(|| Missing::new("environment", &new.name))?;
            *found = new;
            Ok(())
        }
        RepoChange::Security(features) => {
            let repo = world.repo_mut(hand.repo)?;
            let mut before = serde_json::Map::new();
            for (name, on) in features {
                let was = repo.security.insert(name.clone(), on).unwrap_or(false);
                before.insert(name, told::switch(was));
            }
            told::security(world, (hand.repo, hand.actor), &Value::Object(before));
            Ok(())
        }
        RepoChange::SecretFound(kind) => {
            let repo = world.repo_mut(hand.repo)?;
            repo.secrets += 1;
            let number = repo.secrets;
            told::secret(world, (hand.repo, hand.actor), number, &kind);
            Ok(())
        }
        other => repository(world, hand, other),
    }
}

fn ruleset(world: &mut World, hand: Hand, change: RepoChange) -> Result<(), VerbError> {
    let rulesets = &mut world.repo_mut(hand.repo)?.safeguards.rulesets;
    let place = |id: u64, among: &[crate::stage::RulesetSpec]| among.iter().position(|one| one.id == id);
    let (action, now, before) = match change {
        RepoChange::RulesetCreated(new) => {
            if place(new.id, rulesets).is_some() {
                return Err(VerbError::Refused(format!("there is a ruleset {} already", new.id)));
            }
            rulesets.push(new.clone());
            ("created", new, None)
        }
        RepoChange::RulesetEdited(new) => {
            let found = rulesets.iter_mut().find(|one| one.id == new.id);
            let found = found.ok_or_else(|| Missing::new("ruleset", new.id))?;
            ("edited", new.clone(), Some(std::mem::replace(found, new)))
        }
        RepoChange::RulesetDeleted(id) => {
            let place = place(id, rulesets).ok_or_else(|| Missing::new("ruleset", id))?;
            ("deleted", rulesets.remove(place), None)
        }
        _ => return Ok(()),
    };
    told::ruleset(world, action, (hand.repo, hand.actor), &now, before.as_ref());
    Ok(())
}

fn protection(world: &mut World, hand: Hand, change: RepoChange) -> Result<(), VerbError> {
    let repo = world.repo_mut(hand.repo)?;
    let classic = &mut repo.safeguards.classic;
    let missing = |branch: &str| Missing::new("protection of branch", branch);
    let (action, now, before) = match change {
        RepoChange::ProtectionCreated(new) => {
            if classic.iter().any(|one| one.branch == new.branch) {
                return Err(VerbError::Refused(format!("`{}` is protected already", new.branch)));
            }
            classic.push(new.clone());
            ("created", new, None)
        }
        RepoChange::ProtectionEdited(new) => {
            let found = classic.iter_mut().find(|one| one.branch == new.branch);
            let found = found.ok_or_else(|| missing(&new.branch))?;
            ("edited", new.clone(), Some(std::mem::replace(found, new)))
        }
        RepoChange::ProtectionDeleted(branch) => {
            let place = classic.iter().position(|one| one.branch == branch);
            ("deleted", classic.remove(place.ok_or_else(|| missing(&branch))?), None)
        }
        switched => {
            repo.protection_off = matches!(switched, RepoChange::ProtectionDisabled);
            let action = if repo.protection_off { "disabled" } else { "enabled" };
            told::configuration(world, action, (hand.repo, hand.actor));
            return Ok(());
        }
    };
    told::protection(world, action, (hand.repo, hand.actor), &now, before.as_ref());
    Ok(())
}

fn repository(world: &mut World, hand: Hand, change: RepoChange) -> Result<(), VerbError> {
    let owner_before = {
        let owner = world.repo_mut(hand.repo)?.owner.clone();
        let owner = world.account(&owner)?.clone();
        let is_org = world.orgs.iter().any(|org| org.account == owner.id);
        if is_org {
            json!({ "organization": organization(&owner) })
        } else {
            json!({ "user": user(world, owner.id) })
        }
    };
    if let RepoChange::Transferred(owner) = &change {
        world.account(owner)?;
    }
    let repo = world.repo_mut(hand.repo)?;
    let (action, extra) = match change {
        RepoChange::Renamed(name) => {
            let before = std::mem::replace(&mut repo.name, name);
            ("renamed", json!({ "changes": { "repository": { "name": { "from": before } } } }))
        }
        RepoChange::Transferred(owner) => {
            repo.owner = owner;
            ("transferred", json!({ "changes": { "owner": { "from": owner_before } } }))
        }
        RepoChange::Publicized => {
            repo.private = false;
            ("publicized", json!({}))
        }
        RepoChange::Privatized => {
            repo.private = true;
            ("privatized", json!({}))
        }
        RepoChange::Archived => {
            repo.archived = true;
            ("archived", json!({}))
        }
        RepoChange::Unarchived => {
            repo.archived = false;
            ("unarchived", json!({}))
        }
        RepoChange::DefaultBranch(branch) => {
            if !repo.branches.contains_key(&branch) {
                return Err(Missing::new("branch", branch).into());
            }
            let before = std::mem::replace(&mut repo.default_branch, branch);
            ("edited", json!({ "changes": { "default_branch": { "from": before } } }))
        }
        _ => return Ok(()),
    };
    told::repository_changed(world, action, (hand.repo, hand.actor), extra);
    Ok(())
}

fn member(world: &mut World, hand: Hand, action: &'static str, who: &Collaborator) -> Result<(), VerbError> {
    let account = world.account(&who.login)?.id;
    let given = permission(&who.permission)?;
    let before = world.repo_mut(hand.repo)?.permissions.insert(account, given);
    let changes = match (action, before) {
        ("added", _) => json!({ "permission": { "to": given.word() } }),
        (_, Some(before)) => json!({ "permission": { "from": before.word(), "to": given.word() } }),
        (_, None) => return Err(Missing::new("collaborator", &who.login).into()),
    };
    told::member(world, action, (hand.repo, hand.actor), account, &changes);
    Ok(())
}

fn team(world: &mut World, hand: Hand, access: &TeamAccess) -> Result<(), VerbError> {
    let found = find_team(world, hand, &access.team)?;
    let given = permission(&access.permission)?;
    let before = world.repo_mut(hand.repo)?.teams.insert(found.1.id, given);
    told::team(world, "edited", (hand.repo, hand.actor), &found, Some(before.unwrap_or(Permission::None)));
    Ok(())
}

fn team_removed(world: &mut World, hand: Hand, slug: &str) -> Result<(), VerbError> {
    let found = find_team(world, hand, slug)?;
    if world.repo_mut(hand.repo)?.teams.remove(&found.1.id).is_none() {
        return Err(Missing::new("team with this repository", slug).into());
    }
    told::team(world, "removed_from_repository", (hand.repo, hand.actor), &found, None);
    Ok(())
}

/// The team of the organisation that owns the repository.
fn find_team(world: &mut World, hand: Hand, slug: &str) -> Result<(u64, crate::account::Team), VerbError> {
    let owner = world.repo_mut(hand.repo)?.owner.clone();
    let org = world.org(&owner).ok_or_else(|| Missing::new("organisation", owner))?;
    let team = org.teams.iter().find(|team| team.slug == slug);
    Ok((org.account, team.ok_or_else(|| Missing::new("team", slug))?.clone()))
}
