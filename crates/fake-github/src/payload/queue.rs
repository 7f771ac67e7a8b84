//! The deliveries of the merge queue.

use serde_json::{Value, json};

use super::event::post;
use crate::clock::rfc3339;
use crate::queue::Group;
use crate::repo::Ident;
use crate::world::World;

/// `merge_group`; `reason` where the group is destroyed.
pub(crate) fn merge_group(
    world: &mut World,
    action: &'static str,
    repo_id: u64,
    sender: u64,
    group: &Group,
    reason: Option<&str>,
) {
    let Some(repo) = world.repos.get(&repo_id) else { return };
    let Some(head) = world.commit(repo, &group.head_sha) else { return };
    let ident = |who: &Ident| json!({ "name": who.name, "email": who.email });
    let mut own = json!({ "merge_group": {
        "head_sha": group.head_sha, "head_ref": format!("refs/heads/{}", group.branch),
        "base_sha": group.base_sha, "base_ref": format!("refs/heads/{}", group.base_ref),
        "head_commit": {
            "id": head.sha, "tree_id": head.tree, "message": head.message, "timestamp": rfc3339(head.date),
            "author": ident(&head.author), "committer": ident(&head.committer),
        },
    } });
    if let (Value::Object(own), Some(reason)) = (&mut own, reason) {
        own.insert("reason".to_owned(), json!(reason));
    }
    post(world, "merge_group", Some(action), Some(repo_id), sender, own);
}
