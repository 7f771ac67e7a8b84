//! What Portcullis cannot decide, or only in part: said as plainly as what it can.
//!
//! The single source of `portcullis limits` and of the table in `docs/threat-model.md`. Numbers are those of the
//! catalogue of attacks that the project works by.

use std::fmt::Write as _;

/// How far something can be decided from what the forge tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Undecidable,
    /// In part; what remains is told.
    Partly,
}

impl Reach {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecidable => "undecidable",
            Self::Partly => "partly",
        }
    }
}

/// One limit.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Rows of the catalogue of attacks.
    pub rows: &'static [u16],
    /// How far it reaches.
    pub reach: Reach,
    /// The attack.
    pub attack: &'static str,
    /// What is seen of it, and what is not.
    pub remains: &'static str,
    /// What to do about the rest.
    pub way_out: &'static str,
}

macro_rules! limits {
    ($([$($row:literal),+] $reach:ident: $attack:literal, $remains:literal, $way_out:literal;)+) => {
        /// Every limit, in the order of the catalogue.
        pub const LIMITS: &[Limit] = &[$(Limit {
            rows: &[$($row),+],
            reach: Reach::$reach,
            attack: $attack,
            remains: $remains,
            way_out: $way_out,
        }),+];
    };
}

limits! {
    [2] Undecidable:
        "An agent works with a person's own token, key or browser.",
        "To the forge it is that person. Traces in commits raise scrutiny, their absence proves nothing.",
        "Keep people's credentials out of agents' reach; ask two people's approval where it matters.";
    [5] Partly:
        "Two agents share one account's token.",
        "Deliveries name the account, not the token: both are the one registration, with its bounds.",
        "One account for each agent.";
    [6, 7] Partly:
        "A person proposes an agent's commits, amended, rebased or typed anew.",
        "A commit that was first seen in a pull request which an agent opened, or to which it pushed it, stays the agent's; one with another id is the person's.",
        "Whoever proposes it answers for it; ask for a second person where it matters.";
    [8] Partly:
        "An agent acts through a workflow's token.",
        "Everything by `github-actions[bot]` counts as that bot's. Of a run it is known which workflow it is, of a push or a pull request it is not.",
        "Register the bot only where it must act, bounded to a few branches; give workflows read-only tokens.";
    [12] Undecidable:
        "A review is given through an App that holds a person's own token.",
        "Reviews do not tell through which App they came; comments do.",
        "Let people authorise no Apps that act for them in governed repositories.";
    [14] Partly:
        "An agent makes itself a token, a key or an App.",
        "What it does with them counts as the account's that the forge names. A request for a fine-grained token that an organisation must approve, and a deploy key that may push, are told of; a classic token or an account's own key leaves no trace.",
        "Require approval of fine-grained tokens in the organisation, and forbid classic ones.";
    [18] Partly:
        "Whoever asked the agent for the work approves it.",
        "Who assigned the agent on the forge does not count; who asked it elsewhere cannot be seen.",
        "Ask for two approvals, one of them from a team that does not direct agents.";
    [27, 30] Partly:
        "People approve without reading, or agree with each other.",
        "An approval says that somebody pressed the button.",
        "Several people from several teams, a time to cool off, and a quota of few pull requests at a time.";
    [28] Partly:
        "Reviewers are shown less than changes: files marked as generated, vendored or without a difference.",
        "`.gitattributes` is governance, and every file counts whatever it says; the check does not list what the forge folds away.",
        "Whoever reviews unfolds every file; let people change `.gitattributes` only.";
    [31] Partly:
        "An approval by a person's stolen session.",
        "To the forge it is that person.",
        "Hardware-backed sign-in for whoever may approve.";
    [36] Partly:
        "A protected file is copied and the copy is used instead.",
        "The copy is a new file of its own path and class.",
        "Name what executes it: pipelines and build files are classes of their own.";
    [38] Partly:
        "A submodule is moved to a commit of another history.",
        "The move is seen and has a class; whether the commit belongs to the named project is not looked up.",
        "Require a person's approval for class `submodule`.";
    [48] Partly:
        "A lock file brings in another package or registry.",
        "The file has class `dependencies`; its content is not read.",
        "Require a stricter tier for `dependencies`.";
    [50] Partly:
        "An agent edits code that a privileged workflow runs.",
        "Known build files have class `build`; what a workflow runs besides is not followed.",
        "Add your own paths to the class: table `[classes.build]`.";
    [51] Partly:
        "Secrets are committed.",
        "Files that usually hold them have class `secrets`; contents are not searched.",
        "Switch on the forge's own secret scanning and push protection.";
    [73] Partly:
        "A job runs on a runner of one's own that goes by a hosted runner's label.",
        "Labels are judged; the group that a runner belongs to is not read.",
        "Give no runner of your own a hosted runner's label, and let runner groups admit chosen workflows only.";
    [76, 81, 85] Partly:
        "A workflow poisons a cache, deploys without naming an environment, or sends secrets elsewhere.",
        "Runs are judged by who started them and by whether the workflow is the default branch's; its text is not read.",
        "Keep secrets in environments that need a person's approval; pin what workflows use.";
    [91] Partly:
        "Something changes between the verdict and the merge.",
        "Whatever is told flips the check at once, and each merge is looked at again afterwards.",
        "Use a merge queue: every group is judged by what holds at that moment.";
    [97] Partly:
        "More than three tags are pushed at once, of which the forge tells nobody.",
        "They are found within twenty minutes and told of, but nothing tells who pushed them: so they stay.",
        "Rulesets that let nobody but releasers make tags.";
    [118, 122] Partly:
        "The gate's own key is stolen, or it dies between two steps.",
        "Steps are written down first and taken up again; a stolen key is outside what the gate can see.",
        "Keep the key in a file that only the gate reads, and watch the App's own activity.";
    [120] Partly:
        "Workloads share one identity.",
        "Accounts are told apart, what runs behind one of them is not.",
        "One account for each agent.";
    [124, 127] Partly:
        "An agent makes up its own evidence, or evidence holds what nobody should keep.",
        "What agents say of themselves decides nothing; deliveries are kept as they came.",
        "`retention_days` says how long payloads are kept.";
}

/// The table for the threat model.
#[must_use]
pub fn table() -> String {
    let mut text =
        "| # | attack | decidable | what remains | what helps |\n|---|---|---|---|---|\n".to_owned();
    for limit in LIMITS {
        let rows: Vec<String> = limit.rows.iter().map(ToString::to_string).collect();
        let (rows, reach) = (rows.join(", "), limit.reach.as_str());
        let _ =
            writeln!(text, "| {rows} | {} | {reach} | {} | {} |", limit.attack, limit.remains, limit.way_out);
    }
    text
}

/// The same for a terminal.
#[must_use]
pub fn text() -> String {
    let mut text = "What Portcullis cannot decide, or only in part, and what helps:\n".to_owned();
    for limit in LIMITS {
        let rows: Vec<String> = limit.rows.iter().map(|row| format!("#{row}")).collect();
        let _ = write!(
            text,
            "\n{} ({}, {})\n  {}\n  What helps: {}\n",
            limit.attack,
            limit.reach.as_str(),
            rows.join(" "),
            limit.remains,
            limit.way_out
        );
    }
    text
}
