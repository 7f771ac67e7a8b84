//! The catalogue of findings: every code with its meaning, what it does, and the way out.
//!
//! The single source of `portcullis check --explain` and of the table in `docs/rules.md`. Codes never change: scripts
//! and stored verdicts rely on them.

use serde::{Deserialize, Serialize};

/// What is known about a code.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// As it is written everywhere.
    pub text: &'static str,
    /// What it does to the verdict, in words.
    pub effect: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do next.
    pub way_out: &'static str,
    /// A case (as `portcullis test` reads them) in which the sample rules find it; empty when no case can say it.
    pub bad: &'static str,
    /// The same, repaired.
    pub good: &'static str,
}

macro_rules! catalogue {
    ($(
        $(#[doc = $meaning:literal])+
        $code:ident $text:literal $effect:literal: $way_out:literal, $bad:literal => $good:literal;
    )+) => {
        /// Stable codes of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl Code {
            /// Every code, in the order of the documents.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// What is known about it.
            #[must_use]
            pub const fn record(self) -> &'static Record {
                match self {
                    $(Self::$code => &Record {
                        text: $text,
                        effect: $effect,
                        meaning: concat!($($meaning),+),
                        way_out: $way_out,
                        bad: $bad,
                        good: $good,
                    },)+
                }
            }
        }
    };
}

impl Code {
    /// As it is written everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.record().text
    }

    /// The code that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

catalogue! {
    /// No valid rules were ever seen.
    NoRules "no-rules" "denies":
        "Whoever runs Portcullis repairs the file: `portcullis check` says what is wrong with it.", "" => "";
    /// Something could not be seen completely.
    CannotSee "cannot-see" "blocks":
        "A permission is missing, a limit was met, or an account is gone. Re-run the check; make the change smaller; else ask the operator.", "" => "";
    /// A person, or the gate after strikes, has suspended the agent: it may do nothing.
    AgentSuspended "agent-suspended" "denies":
        "Whoever suspended it looks into the reason and ends it: `portcullis agents resume NAME`.", "" => "";
    /// An account or trace of an agent that `rules.toml` does not register.
    UnregisteredAgent "unregistered-agent" "denies":
        "Register the account under `[agents.NAME]`, or recognise the person under `[people]`, or provide for assisted work.",
        "actor = \"?tidy-all\"\npaths = [\"README.md\"]\n"
        => "actor = \"copilot\"\nbranch = \"copilot/readme\"\npaths = [\"README.md\"]\n";
    /// A commit that no account answers for.
    UnattributedCommit "unattributed-commit" "denies":
        "Add the commit's address to the author's account, or commit with an address of the account.", "" => "";
    /// The agent's registration has run out.
    AgentExpired "agent-expired" "denies":
        "The agent's owner reviews the registration and sets a new `expires`.",
        "actor = \"copilot\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/button.ts\"]\non = 2027-04-01\n"
        => "actor = \"copilot\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/button.ts\"]\non = 2027-03-31\n";
    /// The agent is outside its repositories.
    AgentRepository "agent-repository" "denies":
        "The agent works elsewhere, or its owner widens `repos`.",
        "actor = \"copilot\"\nrepository = \"acme/payments\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/pay.ts\"]\n"
        => "actor = \"copilot\"\nrepository = \"acme/web\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/pay.ts\"]\n";
    /// The agent is outside its branches.
    AgentBranch "agent-branch" "denies":
        "The agent uses one of its branches.",
        "actor = \"copilot\"\nbranch = \"main-fix\"\npaths = [\"src/button.ts\"]\n"
        => "actor = \"copilot\"\nbranch = \"copilot/main-fix\"\npaths = [\"src/button.ts\"]\n";
    /// The agent does something that its `may` does not name.
    AgentVerb "agent-verb" "denies":
        "A person does it, or the agent's owner widens `may`.", "" => "";
    /// The agent does more than its quota lets it: pull requests wait for their turn, pushes and runs are denied.
    OverQuota "over-quota" "waits, or denies":
        "A pull request moves on by itself when its turn comes; closing or landing others makes room. Else the agent's owner raises the quota.",
        "" => "";
    /// The agent has a workflow run that its registration does not name.
    AgentWorkflow "agent-workflow" "denies":
        "A person runs it, or the agent's owner widens `workflows`.", "" => "";
    /// An agent has a workflow run that is not what the default branch has.
    WorkflowChanged "workflow-changed" "denies":
        "Change workflows in a pull request that a person approves; they run once that has landed.", "" => "";
    /// A commit's message keeps workflows from running, and an agent proposes it.
    SkipsChecks "skips-checks" "denies":
        "Take the words out of the message of the newest commit, and push it again.", "" => "";
    /// A commit was replaced by a copy of itself without its signature.
    SignatureStripped "signature-stripped" "denies":
        "Find out who made the copy, and bring the signed commit back.", "" => "";
    /// An agent merged what the gate had not passed.
    MergedUnpassed "merged-unpassed" "denies":
        "Make the check required in the branch's ruleset, so that nothing lands without it.", "" => "";
    /// A pull request was merged although its verdict did not pass, or without one.
    MergedPastTheGate "merged-past-the-gate" "is an incident":
        "Find out who merged it and why; revert it, or judge it after the fact. Make the check required, and take people off the bypass list.", "" => "";
    /// What lands is not what merging the judged pull request gives.
    LandsOtherwise "lands-otherwise" "denies, or is an incident":
        "Compare the commit with the pull request. A merge group is made again when a pull request leaves the queue and joins it anew.", "" => "";
    /// A commit is deployed that is on no branch which may be deployed from.
    CommitElsewhere "commit-elsewhere" "denies":
        "Merge it first; a branch that may be deployed from as well stands under `[gate] deploy_from`.", "" => "";
    /// A commit is deployed that came, or contains what came, past the gate.
    DeploysUnpassed "deploys-unpassed" "denies":
        "Look into how it came in: revert it and deploy that, or close the incident about it with a reason.", "" => "";
    /// An agent took the name of a branch or tag that reads like another.
    ConfusingName "confusing-name" "denies":
        "Plain names only: ASCII letters, digits, `-`, `_`, `.` and `/`, no commit's id, no `refs/` in front.", "" => "";
    /// What guards a repository became looser, whoever did it.
    ProtectionLoosened "protection-loosened" "is an incident":
        "Find out who changed it and why; set it back, and look at what came in meanwhile.", "" => "";
    /// A permission, a repository or the installation was taken from the gate.
    GateHindered "gate-hindered" "is an incident":
        "Give it back under Settings, GitHub Apps, Configure; until then what is required stays missing, which blocks.", "" => "";
    /// The forge found a secret in the repository.
    SecretFound "secret-found" "is an incident":
        "Revoke the secret first; then look at who pushed it, and close the alert on the forge.", "" => "";
    /// Somebody who is no person asks for a personal access token.
    TokenRequested "token-requested" "is an incident":
        "Deny the request under the organisation's settings, Personal access tokens, Pending requests.", "" => "";
    /// A change that an agent had a hand in adds text that people do not see.
    HiddenText "hidden-text" "denies in what runs or steers, waits or is satisfied elsewhere":
        "Take the characters out or write them as escapes, or have a person add them; in prose, one person approves.", "" => "";
    /// A person's work with an agent's traces, for which `[people.assisted]` asks a tier.
    Assisted "assisted" "waits, or is satisfied":
        "The tier of `[people.assisted]`: a colleague approves.",
        "actor = \"@bob\"\npaths = [\"src/colours.ts\"]\ntrailers = [\"Co-Authored-By: Claude <noreply@anthropic.com>\"]\n"
        => "actor = \"@bob\"\npaths = [\"src/colours.ts\"]\n";
    /// A rule with `deny = true` applies.
    RuleDenies "rule-denies" "denies":
        "Take the offending part out of the change, or have a person do it.",
        "actor = \"copilot\"\nbranch = \"copilot/notes\"\npaths = [\"src/a.ts\", \"AGENTS.md\"]\n"
        => "actor = \"copilot\"\nbranch = \"copilot/notes\"\npaths = [\"src/a.ts\"]\n";
    /// A rule with `require` applies.
    RuleRequires "rule-requires" "waits, or is satisfied":
        "The tier's approvals: the check names who can give them.",
        "actor = \"copilot\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/button.ts\"]\n"
        => "actor = \"copilot\"\nbranch = \"copilot/fix-1\"\npaths = [\"src/button.ts\"]\napprovals = [\"alice\"]\n";
    /// No rule applies, and what no rule allows is denied.
    NothingAllows "nothing-allows" "denies":
        "A maintainer adds a rule that applies.", "" => "";
    /// What governs or steers agents changes, and no tier asks for an approval.
    GovernanceFloor "governance-floor" "waits":
        "One independent person approves all the same. No rule can lower this.", "" => "";
    /// A person with write access asks for changes.
    ChangesRequested "changes-requested" "waits":
        "Whoever asked for changes approves, or the review is dismissed.", "" => "";
}
