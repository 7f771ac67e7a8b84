//! Releases and packages.

use fake_github::{DeleteRelease, EditRelease, PublishPackage, Release};
use serde_json::json;

use crate::client::Client;
use crate::runs::{payload, stage, told};

fn release(tag: &str) -> Release {
    Release { actor: "alice".into(), repo: "acme/web".into(), tag: tag.into(), ..Release::default() }
}

fn edit(tag: &str) -> EditRelease {
    EditRelease { actor: "bob".into(), repo: "acme/web".into(), tag: tag.into(), ..EditRelease::default() }
}

#[tokio::test]
async fn releases_are_published_changed_and_deleted() {
    let github = stage("", "").await;
    let client = Client::of(&github).await;
    let assets = [("web.tgz".to_owned(), "good".to_owned())];
    let id = github.publish_release(Release { assets: assets.into(), ..release("v1") }).await.unwrap();
    assert_eq!(told(&github), ["release.created", "release.published", "release.released"]);
    assert!(github.publish_release(release("v1")).await.is_err());
    let before = client.get(&format!("/repos/acme/web/releases/{id}")).await.1["assets"][0].clone();
    let swapped = [("web.tgz".to_owned(), "bad".to_owned())];
    let changed = EditRelease { assets: swapped.into(), name: Some("One".into()), ..edit("v1") };
    github.edit_release(changed).await.unwrap();
    assert_eq!(payload(&github, "release")["changes"], json!({ "name": { "from": "v1" } }));
    let after = client.get(&format!("/repos/acme/web/releases/{id}")).await.1["assets"][0].clone();
    assert_eq!(before["name"], after["name"]);
    assert!(before["digest"] != after["digest"] && before["id"] != after["id"]);

    let draft = Release { draft: true, prerelease: true, ..release("v2") };
    github.publish_release(draft).await.unwrap();
    let reader = Client::with(&github, json!({ "permissions": { "contents": "read" } })).await;
    let count = |listed: serde_json::Value| listed.as_array().unwrap().len();
    assert_eq!(count(client.get("/repos/acme/web/releases").await.1), 2);
    assert_eq!(count(reader.get("/repos/acme/web/releases").await.1), 1, "a draft is for who may push");
    told(&github);
    github.edit_release(EditRelease { publish: true, ..edit("v2") }).await.unwrap();
    assert_eq!(told(&github), ["release.published", "release.prereleased"]);
    let gone = DeleteRelease { actor: "bob".into(), repo: "acme/web".into(), tag: "v2".into() };
    github.delete_release(gone.clone()).await.unwrap();
    assert!(github.delete_release(gone).await.is_err());
    assert_eq!(told(&github), ["release.deleted"]);
    let text = github.text();
    assert!(text.contains("  release v1 One by alice\n    asset web.tgz sha256:"), "{text}");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn an_immutable_release_keeps_tag_and_assets() {
    let github = stage("", "").await;
    github.publish_release(Release { immutable: true, ..release("v1") }).await.unwrap();
    for refused in [
        EditRelease { target: Some("main".into()), ..edit("v1") },
        EditRelease { new_tag: Some("v2".into()), ..edit("v1") },
        EditRelease { assets: [("a".to_owned(), "b".to_owned())].into(), ..edit("v1") },
    ] {
        assert!(github.edit_release(refused.clone()).await.is_err(), "{refused:?}");
    }
    github.edit_release(EditRelease { body: Some("words".into()), ..edit("v1") }).await.unwrap();
}

#[tokio::test]
async fn a_package_is_told_of() {
    let github = stage("", "").await;
    let package = PublishPackage {
        actor: "bob".into(),
        repo: "acme/web".into(),
        name: "web".into(),
        kind: "npm".into(),
        version: "1.0.0".into(),
    };
    github.publish_package(package.clone()).await.unwrap();
    assert_eq!(told(&github), ["registry_package.published"]);
    let published = payload(&github, "registry_package");
    assert_eq!(published["registry_package"]["package_version"]["version"], "1.0.0");
    assert!(github.publish_package(PublishPackage { kind: "floppy".into(), ..package }).await.is_err());
    assert!(github.text().contains("  package npm web 1.0.0 by bob\n"));
}
