//! What went past the gate, or had to be taken back: one record each, for people to look into.

use serde::{Deserialize, Serialize};

use crate::act::{ActVerdict, Deed};
use crate::facts::{Account, Repository};
use crate::ids::Millis;
use crate::rules::Respond;
use crate::verdict::{Code, Effect, Finding, JudgedAs};

/// Something for people to look into. Made again it is the same: [`Incident::once_key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What happened.
    pub kind: Kind,
    /// Tells it from others: one that is known already is not opened again.
    pub once_key: String,
    /// Those that belong together, such as one account's forced pushes to many branches: while one of the group is
    /// open and young, what follows is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// One sentence, hostile text in it.
    pub title: String,
    /// Who did it, where that is known.
    pub who: Option<Account>,
    /// The agent's name in the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When it was heard of.
    pub at: Millis,
    /// Why it is one.
    pub findings: Vec<Finding>,
    /// What is done about it.
    pub respond: Respond,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A branch or tag was moved against the rules.
    Moved,
    /// A workflow ran against the rules.
    Run,
    /// A pull request was merged without a verdict that passed, or landed as something else.
    MergedPast,
    /// Something was deployed against the rules, or was refused when it was about to be.
    Deployed,
    /// A release or package was published against the rules.
    Published,
    /// It could not be seen what happened, or who did it.
    Unseen,
    /// The gate suspended an agent by itself.
    Suspended,
    /// What guards a repository became looser.
    Protection,
    /// The gate was hindered: a permission, a repository or the installation was taken from it.
    Hindered,
    /// The forge found a secret.
    Secret,
    /// Somebody who is no person asked for a token.
    Token,
}

impl Kind {
    /// As it is written everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Run => "run",
            Self::MergedPast => "merged-past-the-gate",
            Self::Deployed => "deployed",
            Self::Published => "published",
            Self::Unseen => "unseen",
            Self::Suspended => "suspended",
            Self::Protection => "protection-loosened",
            Self::Hindered => "gate-hindered",
            Self::Secret => "secret-found",
            Self::Token => "token-requested",
        }
    }
}

/// The incidents of a verdict about something that has happened, which are of this kind where it is known who did it.
/// `key` is the subject's.
#[must_use]
pub fn incidents(verdict: &ActVerdict, kind: Kind, key: &str, at: Millis) -> Vec<Incident> {
    let answered = |deed: &Deed| Some((verdict.answer(deed)?, deed.clone()));
    let answered = verdict.deeds.iter().filter_map(answered);
    answered.map(|(respond, deed)| incident(verdict, deed, respond, (kind, key), at)).collect()
}

fn incident(
    verdict: &ActVerdict,
    deed: Deed,
    respond: Respond,
    (kind, key): (Kind, &str),
    at: Millis,
) -> Incident {
    let who = deed.involvement.author;
    let agents = deed.involvement.judged_as == JudgedAs::Agents;
    let guards = kind == Kind::Protection;
    let group = match guards {
        // Whoever changes settings changes many, in many repositories.
        true => Some(about_guards(&deed.findings, who.as_ref())),
        false => who.as_ref().filter(|_| agents && deed.sweeping).map(|who| format!("sweep/{}", who.id)),
    };
    let name = who.as_ref().map_or("somebody", |who| who.login.as_str());
    Incident {
        kind: if past_the_gate(&deed.findings) {
            Kind::MergedPast
        } else if guards {
            kind_of_guards(&deed.findings)
        } else if agents && deed.findings.iter().any(|finding| finding.effect == Effect::Denies) {
            kind
        } else {
            Kind::Unseen
        },
        once_key: format!("{key}#{}", deed.id),
        group,
        title: format!("{name} {} {}", deed.what, place(&verdict.repository)),
        agent: deed.involvement.agents.iter().find_map(|trace| trace.registered.clone()),
        who,
        at,
        findings: deed.findings,
        respond,
    }
}

/// Where, to end a sentence with. What is of no repository is of an account.
pub(crate) fn place(repository: &Repository) -> String {
    match repository.id.0 {
        0 => format!("at {}", repository.name.owner()),
        _ => format!("in {}", repository.name),
    }
}

/// Loosening is what it is, whoever did it.
fn kind_of_guards(findings: &[Finding]) -> Kind {
    let of = |code: Code| match code {
        Code::ProtectionLoosened => Some(Kind::Protection),
        Code::GateHindered => Some(Kind::Hindered),
        Code::SecretFound => Some(Kind::Secret),
        Code::TokenRequested => Some(Kind::Token),
        _ => None,
    };
    findings.iter().find_map(|finding| of(finding.code)).unwrap_or(Kind::Unseen)
}

fn about_guards(findings: &[Finding], who: Option<&Account>) -> String {
    let who = who.map_or_else(|| "nobody".to_owned(), |who| who.id.to_string());
    format!("{}/{who}", kind_of_guards(findings).as_str())
}

fn past_the_gate(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| matches!(finding.code, Code::MergedPastTheGate | Code::LandsOtherwise))
}
