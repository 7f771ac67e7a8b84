//! What happens to people, forks and check runs around a pull request.

use super::VerbError;
use crate::check::{CheckRun, CheckRunBody, Poster};
use crate::payload::event;
use crate::pull::PullStatus;
use crate::server::FakeGithub;
use crate::step::{
    DeleteAccount, DeleteFork, ForeignCheck, ForgetChecks, RemoveMember, RemoveWriter, Rerequest,
};
use crate::world::Missing;

impl FakeGithub {
    /// Takes somebody out of an organisation and its teams.
    ///
    /// # Errors
    /// When either is not there.
    pub async fn remove_member(&self, step: RemoveMember) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let sender = world.account(&step.actor)?.id;
        let member = world.account(&step.member)?.id;
        let account = world.account(&step.org)?.id;
        let org = world.orgs.iter_mut().find(|org| org.account == account);
        let org = org.ok_or_else(|| Missing::new("organisation", &step.org))?;
        if !org.members.remove(&member) {
            return Err(Missing::new("member", &step.member).into());
        }
        let mut left = Vec::new();
        for team in &mut org.teams {
            if team.members.remove(&member) {
                left.push(team.clone());
            }
        }
        for team in &left {
            event::team_left(&mut world, sender, account, team, member);
        }
        event::member_removed(&mut world, sender, account, member);
        drop(world);
        self.told();
        Ok(())
    }

    /// Takes somebody's write permission away.
    ///
    /// # Errors
    /// When the repository or the permission is not there.
    pub async fn remove_writer(&self, step: RemoveWriter) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let sender = world.account(&step.actor)?.id;
        let writer = world.account(&step.writer)?.id;
        let repo = world.repo(&step.repo)?.id;
        if world.repo_mut(repo)?.permissions.remove(&writer).is_none() {
            return Err(Missing::new("writer", &step.writer).into());
        }
        event::collaborator_removed(&mut world, sender, repo, writer);
        drop(world);
        self.told();
        Ok(())
    }

    /// Deletes a fork: its pull requests stay, without a head repository, and nobody is told.
    ///
    /// # Errors
    /// When it is not there, or not a fork.
    pub async fn delete_fork(&self, step: DeleteFork) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?;
        if repo.fork_of.is_none() {
            return Err(VerbError::Refused(format!("`{}` is not a fork", step.repo)));
        }
        let gone = repo.id;
        world.repos.remove(&gone);
        let now = world.clock.story();
        for repo in world.repos.values_mut() {
            for pull in repo.pulls.values_mut().filter(|pull| pull.now().head_repo == Some(gone)) {
                pull.change(now, |state| state.head_repo = None);
            }
        }
        Ok(())
    }

    /// Deletes an account: what it made belongs to nobody then (`author: null`, REST's `ghost`).
    ///
    /// # Errors
    /// When it is not there.
    pub async fn delete_account(&self, step: DeleteAccount) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let id = world.account(&step.login)?.id;
        if let Some(account) = world.accounts.get_mut(&id) {
            account.deleted = true;
        }
        for org in &mut world.orgs {
            org.members.remove(&id);
            org.teams.iter_mut().for_each(|team| {
                team.members.remove(&id);
            });
        }
        for repo in world.repos.values_mut() {
            repo.permissions.remove(&id);
        }
        Ok(())
    }

    /// Presses "re-run" on the App's newest check run on the head.
    ///
    /// # Errors
    /// When there is none.
    pub async fn rerequest(&self, step: Rerequest) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let mut world = self.shared.world();
        let head = world.pull_mut(turn.at.0, turn.at.1)?.now().ends.head_sha.clone();
        let app = world.app.id;
        let own = |run: &&CheckRun| run.app.id == app && run.head_sha == head && run.repo == turn.at.0;
        let run = world.checks.iter().rev().find(own).cloned();
        let run = run.ok_or_else(|| Missing::new("check run on", &head))?;
        event::check_run(&mut world, "rerequested", turn.actor, &run);
        drop(world);
        self.told();
        Ok(())
    }

    /// Lets another App post a completed check run on the head of a pull request.
    ///
    /// # Errors
    /// When the pull request is not there, or GitHub would refuse the check run.
    pub async fn foreign_check(&self, step: ForeignCheck) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?.id;
        let state = world.pull_mut(repo, step.pull)?.now().clone();
        if state.status != PullStatus::Open {
            return Err(VerbError::Refused(format!("#{} is closed", step.pull)));
        }
        let id =
            step.app.bytes().fold(50_000, |id: u64, byte| id.wrapping_mul(31) % 1_000_000 + u64::from(byte));
        let app = Poster { id, slug: step.app.clone(), name: step.app };
        let body = CheckRunBody {
            name: Some(step.name),
            head_sha: Some(state.ends.head_sha.clone()),
            conclusion: Some(step.conclusion),
            ..CheckRunBody::default()
        };
        body.validate().map_err(VerbError::Refused)?;
        world.add_check(repo, app, body);
        Ok(())
    }

    /// Deletes the check runs on the head of a pull request, as GitHub does with old ones. Nobody is told.
    ///
    /// # Errors
    /// When the pull request is not there, or has no check run.
    pub async fn forget_checks(&self, step: ForgetChecks) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?.id;
        let head = world.pull_mut(repo, step.pull)?.now().ends.head_sha.clone();
        let before = world.checks.len();
        world.checks.retain(|run| run.repo != repo || run.head_sha != head);
        if world.checks.len() == before {
            return Err(Missing::new("check run on", &head).into());
        }
        Ok(())
    }
}
