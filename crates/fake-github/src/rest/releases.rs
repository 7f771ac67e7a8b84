//! Releases, as their repository lists them.
//!
//! <https://docs.github.com/en/rest/releases/releases>

use super::{Answer, Asked};
use crate::auth::Level;
use crate::payload::release as shown;
use crate::release::Release;
use crate::reply::Reply;

/// Newest first; drafts only for who may push.
pub(super) fn list(asked: &Asked<'_>, at: (&str, &str)) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "contents", Level::Read)?;
    let sees_drafts = asked.token(&world)?.allows("contents", Level::Write);
    let newest = world.releases_of(repo.id).rev().filter(|release| sees_drafts || !release.draft);
    Ok(asked.page(&world, newest.map(|release| shown::release(&world, repo, release)).collect()))
}

pub(super) fn read(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "contents", Level::Read)?;
    let sees_drafts = asked.token(&world)?.allows("contents", Level::Write);
    let id = asked.number(id)?;
    let wanted = |release: &&Release| release.id == id && (sees_drafts || !release.draft);
    let release = world.releases_of(repo.id).find(wanted).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shown::release(&world, repo, release)))
}
