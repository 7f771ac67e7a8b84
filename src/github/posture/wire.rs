//! How GitHub sends what `posture` tells. Field lists: <https://docs.github.com/en/rest/repos/rules>,
//! <https://docs.github.com/en/rest/branches/branch-protection>, <https://docs.github.com/en/rest/apps/webhooks>.
//!
//! A switch that is missing counts as the weaker setting, never as the stronger one.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::ask::Page;
use super::{Bypass, Classic, Demand, Grants, RequiredCheck, Reviews};

#[derive(Debug, Deserialize)]
pub(super) struct App {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) slug: String,
    pub(super) permissions: Grants,
    pub(super) events: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hook {
    pub(super) url: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) secret: Option<String>,
    /// Text or a number.
    pub(super) insecure_ssl: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Delivery {
    pub(super) guid: String,
    pub(super) event: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) status_code: i64,
}

#[derive(Debug, Deserialize)]
pub(in crate::github) struct Installation {
    pub(super) id: u64,
    pub(super) account: Option<Account>,
    pub(super) permissions: Grants,
    pub(super) events: BTreeSet<String>,
    pub(super) suspended_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    /// An enterprise has a slug instead.
    #[serde(alias = "slug")]
    pub(super) login: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repositories {
    repositories: Vec<Repository>,
}

impl Page for Repositories {
    type Item = Repository;

    fn items(self) -> Vec<Repository> {
        self.repositories
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) full_name: String,
    pub(super) default_branch: String,
    pub(super) private: bool,
    pub(super) archived: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Parameters,
    pub(super) ruleset_id: Option<u64>,
    #[serde(default)]
    pub(super) ruleset_source: String,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    required_status_checks: Vec<RulesetCheck>,
    #[serde(default)]
    required_approving_review_count: u64,
    #[serde(default)]
    dismiss_stale_reviews_on_push: bool,
    #[serde(default)]
    require_last_push_approval: bool,
}

#[derive(Debug, Deserialize)]
struct RulesetCheck {
    context: String,
    integration_id: Option<i64>,
}

impl Rule {
    pub(super) fn demand(self) -> Demand {
        match self.kind.as_str() {
            "required_status_checks" => {
                let checks = self.parameters.required_status_checks.into_iter();
                Demand::Checks(checks.map(|check| required(check.context, check.integration_id)).collect())
            }
            "pull_request" => Demand::Reviews(Reviews {
                approvals: self.parameters.required_approving_review_count,
                dismiss_stale: self.parameters.dismiss_stale_reviews_on_push,
                last_push: self.parameters.require_last_push_approval,
            }),
            "non_fast_forward" => Demand::NoForcePush,
            "deletion" => Demand::NoDeletion,
            _ => Demand::Other,
        }
    }
}

/// No App, and `-1`, which is written for it, both mean that anybody's check will do.
fn required(context: String, app: Option<i64>) -> RequiredCheck {
    RequiredCheck { context, app: app.and_then(|app| u64::try_from(app).ok()).filter(|app| *app > 0) }
}

#[derive(Debug, Deserialize)]
pub(super) struct Ruleset {
    /// Missing unless whoever asks may change the ruleset.
    pub(super) bypass_actors: Option<Vec<Actor>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Actor {
    actor_id: Option<u64>,
    actor_type: String,
    bypass_mode: Option<String>,
}

impl From<Actor> for Bypass {
    fn from(actor: Actor) -> Self {
        let mode = actor.bypass_mode.unwrap_or_else(|| "always".to_owned());
        Self { kind: actor.actor_type, id: actor.actor_id, mode }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Protection {
    required_status_checks: Option<StatusChecks>,
    required_pull_request_reviews: Option<PullRequestReviews>,
    enforce_admins: Option<Switch>,
    allow_force_pushes: Option<Switch>,
    allow_deletions: Option<Switch>,
}

#[derive(Debug, Deserialize)]
struct StatusChecks {
    #[serde(default)]
    contexts: Vec<String>,
    #[serde(default)]
    checks: Vec<ClassicCheck>,
}

#[derive(Debug, Deserialize)]
struct ClassicCheck {
    context: String,
    app_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct PullRequestReviews {
    #[serde(default)]
    required_approving_review_count: u64,
    #[serde(default)]
    dismiss_stale_reviews: bool,
    #[serde(default)]
    require_last_push_approval: bool,
}

#[derive(Debug, Deserialize)]
struct Switch {
    enabled: bool,
}

impl From<Protection> for Classic {
    fn from(told: Protection) -> Self {
        // What is missing must not look like a lock.
        let on = |switch: Option<Switch>, missing: bool| switch.map_or(missing, |switch| switch.enabled);
        Self {
            checks: told.required_status_checks.map(StatusChecks::required).unwrap_or_default(),
            reviews: told.required_pull_request_reviews.map(|reviews| Reviews {
                approvals: reviews.required_approving_review_count,
                dismiss_stale: reviews.dismiss_stale_reviews,
                last_push: reviews.require_last_push_approval,
            }),
            enforce_admins: on(told.enforce_admins, false),
            allow_force_pushes: on(told.allow_force_pushes, true),
            allow_deletions: on(told.allow_deletions, true),
        }
    }
}

impl StatusChecks {
    /// `contexts` is the older form, which cannot name an App.
    fn required(self) -> Vec<RequiredCheck> {
        let mut all: Vec<RequiredCheck> =
            self.checks.into_iter().map(|check| required(check.context, check.app_id)).collect();
        for context in self.contexts {
            if !all.iter().any(|known| known.context == context) {
                all.push(RequiredCheck { context, app: None });
            }
        }
        all
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct DeployKey {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) read_only: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct ForkApproval {
    pub(super) approval_policy: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Environments {
    environments: Vec<Environment>,
}

impl Page for Environments {
    type Item = Environment;

    fn items(self) -> Vec<Environment> {
        self.environments
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    name: String,
    #[serde(default)]
    protection_rules: Vec<ProtectionRule>,
    /// Sent, but not described: <https://github.com/google/go-github/issues/2722>.
    can_admins_bypass: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct ProtectionRule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    prevent_self_review: bool,
}

impl From<Environment> for super::Environment {
    fn from(told: Environment) -> Self {
        let review = told.protection_rules.iter().find(|rule| rule.kind == "required_reviewers");
        Self {
            name: told.name,
            reviewed: review.is_some(),
            prevent_self_review: review.is_some_and(|rule| rule.prevent_self_review),
            admins_bypass: told.can_admins_bypass,
            asks_us: policy::Fact::unknown("there are too many environments to ask for each"),
        }
    }
}

/// <https://docs.github.com/en/rest/deployments/protection-rules>
#[derive(Debug, Deserialize)]
pub(super) struct DeploymentRules {
    #[serde(default)]
    pub(super) custom_deployment_protection_rules: Vec<DeploymentRule>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentRule {
    pub(super) enabled: bool,
    pub(super) app: Option<RuleApp>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RuleApp {
    pub(super) id: u64,
}

/// A repository in full, as the gate reads it.
#[derive(Debug, Deserialize)]
pub(in crate::github) struct Whole {
    pub(in crate::github) id: u64,
    pub(in crate::github) full_name: String,
    pub(in crate::github) owner: Owner,
    pub(in crate::github) default_branch: String,
    pub(in crate::github) private: bool,
    /// Only shown to who may administer it.
    pub(in crate::github) security_and_analysis: Option<std::collections::BTreeMap<String, Option<Feature>>>,
}

#[derive(Debug, Deserialize)]
pub(in crate::github) struct Owner {
    pub(in crate::github) id: u64,
    pub(in crate::github) login: String,
}

/// A security feature, `enabled` or `disabled`.
#[derive(Debug, Deserialize)]
pub(in crate::github) struct Feature {
    #[serde(default)]
    pub(in crate::github) status: String,
}

/// Somebody who may do something in a repository: an account or a team.
#[derive(Debug, Deserialize)]
pub(in crate::github) struct Grantee {
    pub(in crate::github) id: u64,
    #[serde(alias = "slug")]
    pub(in crate::github) login: String,
    #[serde(default)]
    pub(in crate::github) permissions: std::collections::BTreeMap<String, bool>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn classic(told: serde_json::Value) -> Classic {
        from_value::<Protection>(told).unwrap().into()
    }

    #[test]
    fn what_is_missing_is_no_lock() {
        let nothing = classic(json!({}));
        let weakest = Classic { allow_force_pushes: true, allow_deletions: true, ..Classic::default() };
        assert_eq!(nothing, weakest);
    }

    #[test]
    fn only_a_real_app_pins_a_check() {
        let told = json!({ "required_status_checks": { "contexts": ["a", "b", "c", "old"], "checks": [
            { "context": "a", "app_id": 7 }, { "context": "b", "app_id": null }, { "context": "c", "app_id": -1 },
        ] } });
        let apps: Vec<_> = classic(told).checks.into_iter().map(|check| (check.context, check.app)).collect();
        let wanted = [("a", Some(7)), ("b", None), ("c", None), ("old", None)];
        assert_eq!(apps, wanted.map(|(context, app)| (context.to_owned(), app)));
    }

    #[test]
    fn rules_without_parameters_are_rules() {
        let rule = |told| from_value::<Rule>(told).unwrap().demand();
        assert_eq!(rule(json!({ "type": "deletion" })), Demand::NoDeletion);
        assert_eq!(rule(json!({ "type": "something_new", "parameters": { "x": 1 } })), Demand::Other);
        assert_eq!(rule(json!({ "type": "pull_request" })), Demand::Reviews(Reviews::default()));
    }
}
