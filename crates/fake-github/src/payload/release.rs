//! Releases and packages as JSON, and the deliveries about them.

use serde_json::{Value, json};

use super::event::post;
use super::{API, WEB, node_id, older_user, segment, user};
use crate::clock::rfc3339;
use crate::release::{Asset, Package, Release};
use crate::repo::Repo;
use crate::world::World;

pub(crate) fn release(world: &World, repo: &Repo, of: &Release) -> Value {
    let (api, web) = (format!("{API}/repos/{}", repo.full_name()), format!("{WEB}/{}", repo.full_name()));
    let url = format!("{api}/releases/{}", of.id);
    let tag = segment(&of.tag);
    let ball = |kind: &str| (!of.draft).then(|| format!("{api}/{kind}/{tag}"));
    let uploads =
        format!("{WEB}/uploads/repos/{}/releases/{}/assets{{?name,label}}", repo.full_name(), of.id);
    json!({
        "id": of.id, "node_id": node_id("RE", of.id), "url": url, "assets_url": format!("{url}/assets"),
        "html_url": format!("{web}/releases/tag/{tag}"), "upload_url": uploads,
        "tarball_url": ball("tarball"), "zipball_url": ball("zipball"), "tag_name": of.tag,
        "target_commitish": of.target, "name": of.name, "body": of.body, "draft": of.draft,
        "prerelease": of.prerelease, "immutable": of.immutable, "author": user(world, of.author),
        "created_at": rfc3339(of.created_at), "updated_at": rfc3339(of.updated_at),
        "published_at": of.published_at.map(rfc3339),
        "assets": of.assets.iter().map(|asset| asset_json(world, repo, of, asset)).collect::<Vec<_>>(),
    })
}

fn asset_json(world: &World, repo: &Repo, of: &Release, asset: &Asset) -> Value {
    let full_name = repo.full_name();
    let (tag, name) = (segment(&of.tag), segment(&asset.name));
    json!({
        "id": asset.id, "node_id": node_id("RA", asset.id), "name": asset.name, "label": null,
        "state": "uploaded", "content_type": "application/octet-stream", "size": asset.size,
        "digest": asset.digest, "download_count": 0, "created_at": rfc3339(asset.at),
        "updated_at": rfc3339(asset.at), "uploader": older_user(world, asset.uploader),
        "url": format!("{API}/repos/{full_name}/releases/assets/{}", asset.id),
        "browser_download_url": format!("{WEB}/{full_name}/releases/download/{tag}/{name}"),
    })
}

/// `release`, with what the action adds.
pub(crate) fn told(world: &mut World, action: &'static str, of: &Release, sender: u64, extra: Value) {
    let Some(repo) = world.repos.get(&of.repo) else { return };
    let mut own = json!({ "release": release(world, repo, of) });
    if let (Value::Object(own), Value::Object(extra)) = (&mut own, extra) {
        own.extend(extra);
    }
    post(world, "release", Some(action), Some(of.repo), sender, own);
}

/// `registry_package`, of the one version.
pub(crate) fn package(world: &mut World, of: &Package, sender: u64) {
    let Some(repo) = world.repos.get(&of.repo) else { return };
    let owner = world.account(&repo.owner).map_or(0, |owner| owner.id);
    let (web, at) = (format!("{WEB}/{}/packages/{}", repo.full_name(), of.id), rfc3339(of.at));
    let version = json!({
        "id": of.id + 1, "version": of.version, "name": of.version, "description": "", "summary": "",
        "html_url": format!("{web}?version={}", segment(&of.version)), "installation_command": "",
        "package_url": format!("{web}/{}", segment(&of.version)), "metadata": [], "package_files": [],
        "author": user(world, of.author), "created_at": at, "updated_at": at,
        "target_commitish": repo.default_branch,
    });
    let own = json!({ "registry_package": {
        "id": of.id, "name": of.name, "namespace": repo.owner, "description": null, "ecosystem": of.kind,
        "package_type": of.kind, "html_url": web, "owner": user(world, owner), "created_at": at,
        "updated_at": at, "package_version": version,
        "registry": {
            "about_url": format!("{WEB}/about/packages"), "name": format!("GitHub {} registry", of.kind),
            "type": of.kind, "url": format!("https://{}.pkg.github.example/{}", segment(&of.kind), repo.owner),
            "vendor": "GitHub Inc",
        },
    } });
    post(world, "registry_package", Some("published"), Some(of.repo), sender, own);
}
