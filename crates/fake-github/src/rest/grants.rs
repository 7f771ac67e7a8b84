//! Who may do what in a repository: accounts by themselves, and teams.
//!
//! <https://docs.github.com/en/rest/collaborators/collaborators>, <https://docs.github.com/en/rest/repos/repos#list-repository-teams>

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::payload::{event, user};
use crate::repo::Permission;

/// Those who were given something by name, which is what `affiliation=direct` comes to here.
pub(super) fn collaborators(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "metadata", Level::Read)?;
    let mut listed = Vec::new();
    for (account, given) in &repo.permissions {
        let mut shown = user(&world, *account);
        if let Value::Object(fields) = &mut shown {
            fields.insert("role_name".to_owned(), json!(given.word()));
            fields.insert("permissions".to_owned(), flags(*given));
        }
        listed.push(shown);
    }
    Ok(asked.page(&world, listed))
}

pub(super) fn teams(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "administration", Level::Read)?;
    let mut listed = Vec::new();
    for org in &world.orgs {
        let Some(account) = world.accounts.get(&org.account) else { continue };
        for team in &org.teams {
            let Some(given) = repo.teams.get(&team.id) else { continue };
            let mut shown = event::team_json(account, team);
            if let Value::Object(fields) = &mut shown {
                fields.insert("permission".to_owned(), json!(word(*given)));
                fields.insert("permissions".to_owned(), flags(*given));
                fields.insert("type".to_owned(), json!("organization"));
                fields.insert("organization_id".to_owned(), json!(account.id));
            }
            listed.push(shown);
        }
    }
    Ok(asked.page(&world, listed))
}

/// Teams still have the older words.
fn word(given: Permission) -> &'static str {
    match given {
        Permission::None | Permission::Read => "pull",
        Permission::Write => "push",
        Permission::Admin => "admin",
    }
}

fn flags(given: Permission) -> Value {
    let has = |needed: Permission| given >= needed;
    json!({
        "pull": has(Permission::Read), "triage": has(Permission::Write), "push": has(Permission::Write),
        "maintain": has(Permission::Admin), "admin": has(Permission::Admin),
    })
}
