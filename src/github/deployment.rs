//! Answering the forge about a deployment that waits for us.
//!
//! The address is made from the run's number. The one that a delivery names is never called: whoever forges one would get
//! an answer, and a token with it.

use policy::plan::{Answer, AnswerDeployment};
use serde::Serialize;

use super::GitHub;
use super::auth::Right;
use super::error::ForgeError;
use crate::lease::Lease;

#[derive(Debug, Serialize)]
struct Body<'a> {
    environment_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    comment: &'a str,
}

impl GitHub {
    /// Answers the forge about a deployment.
    /// <https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run>
    ///
    /// # Errors
    /// [`ForgeError::Refused`] with 422 when nothing waits there any more, or was answered already.
    pub async fn answer_deployment(
        &self,
        lease: &Lease,
        action: &AnswerDeployment,
    ) -> Result<(), ForgeError> {
        let body = Body {
            environment_name: &action.environment,
            state: match action.answer {
                Answer::Approve => Some("approved"),
                Answer::Reject => Some("rejected"),
                Answer::Report => None,
            },
            comment: &action.comment,
        };
        let url = self.run_url(&action.repository, action.run, &["deployment_protection_rule"]);
        let installation = lease.subject().place().installation;
        self.inner.api.post_by(Right::Deploy, installation, "answer_deployment", url, &body).await
    }
}
