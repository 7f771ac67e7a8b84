//! What is looked at. Each point has a code that stays, and the rows of the catalogue of attacks that it answers.

use serde::{Serialize, Serializer};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// The rules can be read and are valid.
    Rules,
    /// The App is installed somewhere.
    Installed,
    /// The webhook sends signed JSON over verified TLS.
    Webhook,
    /// The newest deliveries were taken.
    Deliveries,
    /// The installation is not suspended.
    Active,
    /// What this version needs is granted.
    Permissions,
    /// What it is worth to grant beside.
    OptionalPermissions,
    /// What the rules ask the gate to do is granted.
    Acting,
    /// What this version needs to be told is subscribed to.
    Events,
    /// What it is of use to be told beside.
    OptionalEvents,
    /// The repositories can be listed.
    Repositories,
    /// The protected branches can be listed.
    Branches,
    /// The repository's own rules are valid.
    OwnRules,
    /// No deploy key may push.
    DeployKeys,
    /// Workflow runs of forks wait for a person.
    ForkRuns,
    /// Deployments cannot be approved by who started them, nor passed by administrators.
    Environments,
    /// Environments that ask for an approval ask our App as well.
    DeploymentRule,
    /// Our check is required.
    CheckRequired,
    /// It is required from our App.
    CheckPinned,
    /// Nobody may go past it.
    Bypass,
    /// A push takes approvals back.
    StaleApprovals,
    /// Somebody else than who pushed last must approve.
    LastPush,
    /// Forced pushes are blocked.
    ForcePush,
    /// Deletion is blocked.
    Deletion,
}

impl Point {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 24] = [
        Self::Rules,
        Self::Installed,
        Self::Webhook,
        Self::Deliveries,
        Self::Active,
        Self::Permissions,
        Self::OptionalPermissions,
        Self::Acting,
        Self::Events,
        Self::OptionalEvents,
        Self::Repositories,
        Self::Branches,
        Self::OwnRules,
        Self::DeployKeys,
        Self::ForkRuns,
        Self::Environments,
        Self::DeploymentRule,
        Self::CheckRequired,
        Self::CheckPinned,
        Self::Bypass,
        Self::StaleApprovals,
        Self::LastPush,
        Self::ForcePush,
        Self::Deletion,
    ];

    /// Its code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules-valid",
            Self::Installed => "app-installed",
            Self::Webhook => "webhook-settings",
            Self::Deliveries => "webhook-deliveries",
            Self::Active => "installation-active",
            Self::Permissions => "permissions",
            Self::OptionalPermissions => "optional-permissions",
            Self::Acting => "acting-permissions",
            Self::Events => "events",
            Self::OptionalEvents => "optional-events",
            Self::Repositories => "repositories-listed",
            Self::Branches => "branches-listed",
            Self::OwnRules => "own-rules-valid",
            Self::DeployKeys => "deploy-keys",
            Self::ForkRuns => "fork-runs",
            Self::Environments => "environments",
            Self::DeploymentRule => "deployment-rule",
            Self::CheckRequired => "check-required",
            Self::CheckPinned => "check-pinned",
            Self::Bypass => "bypass",
            Self::StaleApprovals => "stale-approvals",
            Self::LastPush => "last-push-approval",
            Self::ForcePush => "force-pushes",
            Self::Deletion => "deletion",
        }
    }

    /// The rows of the catalogue of attacks that it answers, as docs/threat-model.md numbers them.
    #[must_use]
    pub const fn rows(self) -> &'static [u16] {
        match self {
            Self::Rules | Self::OwnRules => &[57],
            Self::Installed | Self::Active | Self::Permissions | Self::Repositories => &[62],
            Self::Webhook => &[102],
            Self::Deliveries | Self::Events => &[103],
            Self::OptionalPermissions | Self::Acting | Self::OptionalEvents | Self::Branches => &[],
            Self::DeployKeys => &[13],
            Self::ForkRuns => &[74],
            Self::Environments => &[80],
            Self::DeploymentRule => &[77],
            Self::CheckRequired => &[60],
            Self::CheckPinned => &[99],
            Self::Bypass => &[61],
            Self::StaleApprovals => &[16],
            Self::LastPush => &[16, 18],
            Self::ForcePush | Self::Deletion => &[94],
        }
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
