//! Teams change, and so does what the App's installation may see.

use super::VerbError;
use crate::payload::{access as told, event};
use crate::server::FakeGithub;
use crate::step::{AccessChange, ChangeAccess, Joined};
use crate::world::{Missing, World};

impl FakeGithub {
    /// Changes something about an organisation, or about the App's installation.
    ///
    /// # Errors
    /// When what it names is not there.
    pub async fn change_access(&self, step: ChangeAccess) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(&step.actor)?.id;
        apply(&mut world, actor, step.change)?;
        drop(world);
        self.told();
        Ok(())
    }
}

fn apply(world: &mut World, actor: u64, change: AccessChange) -> Result<(), VerbError> {
    match change {
        AccessChange::TeamJoined(who) => joined(world, actor, &who, true),
        AccessChange::TeamLeft(who) => joined(world, actor, &who, false),
        AccessChange::Suspended => {
            (world.app.suspended, world.silenced) = (true, true);
            world.tokens.clear();
            told::installation(world, "suspend", actor);
            Ok(())
        }
        AccessChange::Unsuspended => {
            (world.app.suspended, world.silenced) = (false, false);
            told::installation(world, "unsuspend", actor);
            Ok(())
        }
        AccessChange::Uninstalled => {
            told::installation(world, "deleted", actor);
            world.tokens.clear();
            world.uninstalled = true;
            world.repos.values_mut().for_each(|repo| repo.withdrawn = true);
            Ok(())
        }
        AccessChange::PermissionsAccepted(permissions) => {
            world.app.permissions = permissions;
            told::installation(world, "new_permissions_accepted", actor);
            Ok(())
        }
        AccessChange::RepositoriesRemoved(names) => {
            let mut gone = Vec::new();
            for name in names {
                gone.push(world.repo(&name)?.id);
            }
            for id in &gone {
                world.repo_mut(*id)?.withdrawn = true;
            }
            told::repositories_removed(world, actor, &gone);
            Ok(())
        }
        AccessChange::TokenRequested(request) => {
            world.org(&request.org).ok_or_else(|| Missing::new("organisation", &request.org))?;
            let id = world.next_id();
            let mut repos = Vec::new();
            for name in &request.repositories {
                repos.push(world.repo(name)?.id);
            }
            told::token_requested(world, actor, id, (&request, &repos));
            Ok(())
        }
    }
}

fn joined(world: &mut World, actor: u64, who: &Joined, joins: bool) -> Result<(), VerbError> {
    let member = world.account(&who.member)?.id;
    let account = world.account(&who.org)?.id;
    let org = world.orgs.iter_mut().find(|org| org.account == account);
    let org = org.ok_or_else(|| Missing::new("organisation", &who.org))?;
    let team = org.teams.iter_mut().find(|team| team.slug == who.team);
    let team = team.ok_or_else(|| Missing::new("team", &who.team))?;
    let changed = if joins { team.members.insert(member) } else { team.members.remove(&member) };
    if !changed {
        return Err(VerbError::Refused(format!("`{}` is there already, or not at all", who.member)));
    }
    let team = team.clone();
    event::membership(world, if joins { "added" } else { "removed" }, actor, (account, &team, member));
    Ok(())
}
