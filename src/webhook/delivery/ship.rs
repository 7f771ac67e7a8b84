//! Deliveries about what is deployed and published.
//!
//! Of a deployment that waits for us only the run and the environment are taken: everything else is read. The address
//! that the delivery names is not called; its path alone says which run is meant.

use bytes::Bytes;
use policy::act::{Publication, PublicationTold};
use policy::{Fact, Floor, PublicationSubject, RunId, Subject};

use super::super::payload::{Account, Common, OnDeployment, OnPackage, OnProtectionRule, OnRelease};
use super::{Fate, Misfit, Place, Target, Testimony, Trouble, account, ignore, missing, parse, plain};

/// The forge waits for our answer.
pub(super) fn on_rule(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let told: OnProtectionRule = parse(body)?;
    let place = Place::of(common)?;
    let run = run_in(&told.deployment_callback_url).ok_or_else(|| {
        Trouble::Misfit(Misfit {
            path: "deployment_callback_url".to_owned(),
            error: "it names no run".to_owned(),
        })
    })?;
    let targets = vec![Target::Subject(place.deployment(run, plain(&told.environment)))];
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence: None })
}

/// The number behind `actions/runs` in the path of an address.
fn run_in(url: &str) -> Option<RunId> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    // A repository may be called `actions` or `runs`.
    let number: u64 = segments.windows(3).find_map(|three| match three {
        ["actions", "runs", number] => number.parse().ok(),
        _ => None,
    })?;
    // The database holds signed numbers.
    i64::try_from(number).ok().map(|_| RunId(number))
}

/// What a job deploys is judged with its run, and where we guard the environment before it begins.
pub(super) fn on_deployment(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnDeployment { deployment, workflow_run } = parse(body)?;
    if workflow_run.is_some() {
        return Ok(ignore("the run that deploys is judged"));
    }
    let through = deployment.performed_via_github_app.and_then(|app| app.slug);
    let what = Publication::Deployment {
        environment: plain(&deployment.environment),
        commit: deployment.sha,
        reference: plain(&deployment.reference),
        through: through.map(|slug| plain(&slug)),
    };
    published(common, deployment.creator.as_ref(), &format!("deployment/{}", deployment.id), what)
}

/// A release, or what became of one. A draft is no release yet; what is told twice of one act is taken once.
pub(super) fn on_release(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let release = parse::<OnRelease>(body)?.release;
    if common.action.as_deref() == Some("created") && !release.draft {
        return Ok(ignore("the release that was published is judged"));
    }
    let what = Publication::Release { tag: plain(&release.tag_name) };
    published(common, None, &format!("release/{}", release.id), what)
}

/// A package, or a version of one.
pub(super) fn on_package(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    if common.repository.is_none() {
        return Ok(ignore("a package of no repository"));
    }
    let package = parse::<OnPackage>(body)?.registry_package;
    let version = package.package_version.and_then(|version| version.version);
    let what = Publication::Package {
        name: plain(&package.name),
        registry: plain(&package.package_type.to_ascii_lowercase()),
        version: plain(&version.unwrap_or_default()),
    };
    published(common, None, &format!("package/{}", package.id), what)
}

/// Who did it is told here alone, so it is kept. `by` is whom the payload itself names; else who sent it.
fn published(common: &Common, by: Option<&Account>, thing: &str, what: Publication) -> Result<Fate, Trouble> {
    let Place { installation, repo_id, repo } = Place::of(common)?;
    let by = by.or(common.sender.as_ref());
    let told = PublicationTold {
        actor: by.map_or_else(|| Fact::unknown("the delivery names nobody"), account),
        action: plain(common.action.as_deref().unwrap_or_default()),
        what,
    };
    let subject =
        Subject::Publication(PublicationSubject { installation, repo_id, repo, thing: thing.to_owned() });
    let body = serde_json::to_string(&told).map_err(|_| missing("sender"))?;
    let targets = vec![Target::Subject(subject.clone())];
    let evidence = Some(Box::new(Testimony { subject, body, actor: None }));
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_run_is_taken_from_an_address() {
        let of = |url: &str| run_in(url).map(|run| run.0);
        assert_eq!(
            of("https://api.github.example/repos/acme/web/actions/runs/17/deployment_protection_rule"),
            Some(17)
        );
        assert_eq!(of("https://evil.example/api/v3/repos/a/b/actions/runs/9?x=/actions/runs/8"), Some(9));
        assert_eq!(
            of("https://x.example/repos/actions/runs/actions/runs/5/deployment_protection_rule"),
            Some(5)
        );
        for odd in [
            "",
            "runs",
            "https://x/runs/7",
            "https://x/runs/",
            "https://x/runs/-1",
            "https://x/runs/99999999999999999999",
        ] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }
}
