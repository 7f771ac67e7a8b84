//! The catalogue of complaints: every code with its meaning, an example of each side, and the way out.
//!
//! The single source of `portcullis check --explain`, of the table in `docs/rules.md` and of SARIF's rules. A complaint
//! takes a [`Code`], so that a code without a record cannot be told. Codes never change: scripts rely on them.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Severity;

/// Who finds it, and so how its example is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Reading the file: the bad example yields the code.
    InFile,
    /// Reading the file, but an example would fill pages.
    BySize,
    /// Asking the forge: `portcullis check --forge`.
    OnForge,
    /// Reading a repository's own file together with the organisation's rules.
    InRepositoryFile,
}

/// What is known about a code.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// As it is written everywhere.
    pub text: &'static str,
    /// How bad it can be, worst first.
    pub severities: &'static [Severity],
    /// Who finds it.
    pub found: Found,
    /// What it means, in a sentence or two.
    pub meaning: &'static str,
    /// What a maintainer does about it.
    pub way_out: &'static str,
    /// A part of a rules file that is complained about so; empty when an example would fill pages.
    pub bad: &'static str,
    /// The same, repaired.
    pub good: &'static str,
}

macro_rules! catalogue {
    ($(
        $(#[doc = $meaning:literal])+
        $code:ident $text:literal $($severity:ident)|+, $found:ident:
            $way_out:literal, $bad:literal => $good:literal;
    )+) => {
        /// What a complaint is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
                        severities: &[$(Severity::$severity),+],
                        found: Found::$found,
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

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

catalogue! {
    /// Not TOML. Nothing else is said until this is repaired.
    Syntax "syntax" Error, InFile:
        "Repair the line that it points to: often a quote, a bracket or a comma is missing.",
        "[gate]\ncheck = \"portcullis\nenforcement = \"active\"\n"
        => "[gate]\ncheck = \"portcullis\"\nenforcement = \"active\"\n";
    /// The file is larger than 256 KiB and is not read.
    TooLarge "too-large" Error, BySize:
        "Rules are written for people: shorten them, join patterns, or split them over organisations.",
        "" => "";
    /// A key that nothing reads. It would be a rule that a typo silenced.
    UnknownKey "unknown-key" Error, InFile:
        "Take the suggested name, or look the table up in this manual. Remove what has no meaning.",
        "[gate]\nenforcment = \"evaluate\"\n" => "[gate]\nenforcement = \"evaluate\"\n";
    /// A key that must be there is not.
    MissingKey "missing-key" Error, InFile:
        "Add the key. The complaint shows how it is written.",
        "[tiers.audited]\nfrom = [\"@acme/audit\"]\n" => "[tiers.audited]\napprovals = 1\nfrom = [\"@acme/audit\"]\n";
    /// A value of another type than the key takes: a text where a list belongs, and the like.
    WrongType "wrong-type" Error, InFile:
        "Write the type that the complaint names: `3` and not `\"3\"`, `true` and not `\"yes\"`, a date without quotes.",
        "[tiers.audited]\napprovals = \"two\"\n" => "[tiers.audited]\napprovals = 2\n";
    /// The type fits and the value does not: out of range, misspelt, or not of the form that is needed.
    BadValue "bad-value" Error, InFile:
        "Use one of the values that the complaint names.",
        "[gate]\nenforcement = \"dry-run\"\n" => "[gate]\nenforcement = \"evaluate\"\n";
    /// An empty text, list or table. It would match nothing, and so do nothing.
    EmptyValue "empty-value" Error, InFile:
        "Name at least one, or remove the key.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { labels = [] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { labels = [\"urgent\"] }\nrequire = \"routine\"\n";
    /// A pattern that cannot match, or that could be meant in two ways.
    BadGlob "bad-glob" Error, InFile:
        "Patterns match the whole path from the top: no leading `/` or `!`, no `.` and `..`, `**` alone between slashes.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { paths = [\"/infra/**\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { paths = [\"infra/**\"] }\nrequire = \"routine\"\n";
    /// More path patterns in all rules together than can be matched quickly.
    TooManyPatterns "too-many-patterns" Error, BySize:
        "Join patterns with `**` and `{a,b}`, or collect paths under `[classes.NAME]`.",
        "" => "";
    /// More complaints of one severity than are shown. It is as bad as the worst of them.
    TooManyComplaints "too-many-complaints" Error | Warning, BySize:
        "Repair the first ones: many of the others tend to go with them.",
        "" => "";
    /// Two keys that exclude each other, or one that takes back what it says.
    Contradiction "contradiction" Error, InFile:
        "Decide which of the two is meant, and remove the other.",
        "[tiers.audited]\napprovals = 0\nfrom = [\"@acme/audit\"]\n"
        => "[tiers.audited]\napprovals = 1\nfrom = [\"@acme/audit\"]\n";
    /// Two rules of one name, so that a verdict could mean either.
    DuplicateId "duplicate-id" Error, InFile:
        "Give each rule its own id.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"routine\"\n\n\
         [[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { draft = true }\ndeny = true\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"routine\"\n\n\
         [[rules]]\nid = \"no-drafts\"\non = [\"pull_request\"]\nwhen = { draft = true }\ndeny = true\n";
    /// A tier that no `[tiers.NAME]` defines.
    UnknownTier "unknown-tier" Error, InFile:
        "Take the suggested name, or define the tier.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"rutine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"routine\"\n";
    /// An agent that no `[agents.NAME]` registers.
    UnknownAgent "unknown-agent" Error, InFile:
        "Use the name under which this file registers it, not its login or its name in the catalogue.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { agents = [\"copilto\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { agents = [\"copilot\"] }\nrequire = \"routine\"\n";
    /// An agent that the built-in catalogue does not know.
    UnknownCatalogueAgent "unknown-catalogue-agent" Error, InFile:
        "Take the suggested id. An agent of your own is recognised by `{ user_id = N }`.",
        "[people.assisted]\nby = [\"clade-code\"]\nrequire = \"routine\"\n"
        => "[people.assisted]\nby = [\"claude-code\"]\nrequire = \"routine\"\n";
    /// A change class that is neither built in nor defined by `[classes.NAME]`.
    UnknownClass "unknown-class" Error, InFile:
        "Take the suggested name, or define the class with its paths.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { changes = [\"pipelines\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { changes = [\"ci\"] }\nrequire = \"routine\"\n";
    /// Nothing that an agent may do.
    UnknownVerb "unknown-verb" Error, InFile:
        "Use `read`, `propose`, `push`, `merge`, `run`, `deploy` or `release`.",
        "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"aprove\"]\nexpires = 2027-03-31\n"
        => "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n";
    /// Nothing that rules can be about.
    UnknownEvent "unknown-event" Error, InFile:
        "Write `on = [\"pull_request\"]`.",
        "[[rules]]\nid = \"x\"\non = [\"pull_requests\"]\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"routine\"\n";
    /// Something that is not judged by itself, so that the rule would do nothing.
    NotJudged "not-judged" Error, InFile:
        "A merge group is judged by the rules about `pull_request`; reviews count towards tiers.",
        "[[rules]]\nid = \"x\"\non = [\"merge_group\"]\ndeny = true\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\ndeny = true\n";
    /// A condition that cannot be asked of what the rule is about, so that the rule would never apply.
    AskedElsewhere "asked-elsewhere" Error, InFile:
        "Write two rules, each with the conditions that fit what it is about.",
        "[[rules]]\nid = \"x\"\non = [\"push\"]\nwhen = { labels = [\"hold\"] }\ndeny = true\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { labels = [\"hold\"] }\ndeny = true\n";
    /// A login where an account number belongs. Logins are renamed, and taken by somebody else.
    LoginIsNoIdentity "login-is-no-identity" Error | Warning, InFile:
        "`gh api users/LOGIN --jq .id` prints the number.",
        "[people]\nmembers_of = [\"acme\"]\naccounts = [\"alice\"]\n"
        => "[people]\nmembers_of = [\"acme\"]\naccounts = [1901]   # alice\n";
    /// `[people]` recognises nobody, so that nobody could approve anything.
    NobodyIsAPerson "nobody-is-a-person" Error, InFile:
        "Name an organisation, a team or accounts.",
        "[people]\nexcept = [1902]\n" => "[people]\nmembers_of = [\"acme\"]\nexcept = [1902]\n";
    /// An account that is listed as a person and as an agent.
    PersonAndAgent "person-and-agent" Error, InFile:
        "An account is one or the other: remove it in one of the places.",
        "[people]\nmembers_of = [\"acme\"]\naccounts = [198982749]   # GitHub's own agent\n"
        => "[people]\nmembers_of = [\"acme\"]\naccounts = [1901]\n";
    /// Two registrations of one account, which would leave open whose bounds hold.
    AgentRegisteredTwice "agent-registered-twice" Error, InFile:
        "One account is one agent: give it one registration.",
        "[agents.one]\nrecognise = [\"devin\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"devin/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n\n\
         [agents.two]\nrecognise = [\"devin\"]\nowner = \"@acme/platform\"\npurpose = \"the handbook\"\n\
         repos = [\"acme/docs\"]\nbranches = [\"devin/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n"
        => "[agents.one]\nrecognise = [\"devin\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes, the handbook\"\n\
         repos = [\"acme/web\", \"acme/docs\"]\nbranches = [\"devin/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n";
    /// An attempt to take paths out of a change class.
    FloorCannotShrink "floor-cannot-shrink" Error, InFile:
        "Classes only grow. Make the exception in a rule: `paths = { any = […], except = […] }`.",
        "[classes.governance]\npaths = [\"policy/**\"]\nexcept = [\"CODEOWNERS\"]\n"
        => "[classes.governance]\npaths = [\"policy/**\"]\n";
    /// A registration without an end: registrations are meant to be reviewed, not kept.
    AgentWithoutExpiry "agent-without-expiry" Warning, InFile:
        "Add `expires`, a date on which somebody will look at it again.",
        "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"propose\"]\n"
        => "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n";
    /// An agent that may do nothing that is judged.
    UnusedAgent "unused-agent" Warning, InFile:
        "Add `propose` to `may`, or remove the agent: what is not registered is denied anyway.",
        "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"read\"]\nexpires = 2027-03-31\n"
        => "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"read\", \"propose\"]\nexpires = 2027-03-31\n";
    /// An agent whose owner is an agent's account: nobody would answer for it.
    OwnerIsAnAgent "owner-is-an-agent" Warning, InFile:
        "Name a person or a team.",
        "[agents.devin]\nrecognise = [\"devin\"]\nowner = \"@devin\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"devin/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n"
        => "[agents.devin]\nrecognise = [\"devin\"]\nowner = \"@acme/platform\"\npurpose = \"small fixes\"\n\
         repos = [\"acme/web\"]\nbranches = [\"devin/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n";
    /// A tier that no rule requires.
    UnusedTier "unused-tier" Warning, InFile:
        "Remove it, or require it in a rule.",
        "[tiers.audited]\napprovals = 2\n"
        => "[tiers.audited]\napprovals = 2\n\n\
         [[rules]]\nid = \"x\"\non = [\"pull_request\"]\nrequire = \"audited\"\n";
    /// A class that the file defines or extends and that no rule asks for.
    UnusedClass "unused-class" Warning, InFile:
        "Remove it, or name it in a rule's `changes`.",
        "[classes.payments]\npaths = [\"billing/**\"]\n"
        => "[classes.payments]\npaths = [\"billing/**\"]\n\n\
         [[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { changes = [\"payments\"] }\nrequire = \"routine\"\n";
    /// A pattern that another one in the same list covers, so that it adds nothing.
    CoveredPattern "covered-pattern" Warning, InFile:
        "Remove it. If it was meant to be stricter, it needs a rule of its own.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { paths = [\"infra/**\", \"infra/prod/**\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { paths = [\"infra/**\"] }\nrequire = \"routine\"\n";
    /// A rule that can never apply, or that could only apply where its agents are denied anyway.
    RuleNeverApplies "rule-never-applies" Warning, InFile:
        "Compare its conditions with each other, and with the bounds of the agents that it names.",
        "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { files = { at_most = 0 }, paths = [\"docs/**\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { files = { at_most = 10 }, paths = [\"docs/**\"] }\nrequire = \"routine\"\n";
    /// A rule that only applies where another one denies already, so that it changes nothing.
    RuleWithoutEffect "rule-without-effect" Warning, InFile:
        "Remove it, or take its condition out of the rule that denies.",
        "[[rules]]\nid = \"none\"\non = [\"pull_request\"]\nwhen = { draft = true }\ndeny = true\n\n\
         [[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { draft = true, labels = [\"urgent\"] }\nrequire = \"routine\"\n"
        => "[[rules]]\nid = \"none\"\non = [\"pull_request\"]\nwhen = { draft = true }\ndeny = true\n\n\
         [[rules]]\nid = \"x\"\non = [\"pull_request\"]\nwhen = { labels = [\"urgent\"] }\nrequire = \"routine\"\n";
    /// No rule at all, so that nothing that an agent proposes is allowed.
    NoRules "no-rules" Warning, InFile:
        "Add a `[[rules]]` with `require = \"TIER\"`.",
        "[gate]\nenforcement = \"active\"\n"
        => "[[rules]]\nid = \"everything-needs-a-person\"\non = [\"pull_request\"]\nrequire = \"routine\"\n";
    /// A repository's own file asks for less than the organisation's rules do. It may only tighten.
    Loosening "loosening" Error, InRepositoryFile:
        "Remove the line, or ask whoever maintains the organisation's rules. A tier of your own needs a name of its own.",
        "version = 1\n\n[tiers.sensitive]\napprovals = 1\n" => "version = 1\n\n[tiers.sensitive]\napprovals = 3\n";
    /// A key that only the organisation's rules may hold.
    OnlyOrganisation "only-organisation" Error, InRepositoryFile:
        "Remove it here, or ask whoever maintains the organisation's rules.",
        "version = 1\n\n[people]\nmembers_of = [\"contractors\"]\n" => "version = 1\n";
    /// A repository's own file names more than 20 teams. Reading their members costs calls that all repositories share.
    TooManyTeams "too-many-teams" Error, InRepositoryFile:
        "Name one team for each purpose, or have the organisation make one of several.",
        "version = 1\n\n[tiers.wide]\napprovals = 1\nfrom = [\"@a/t1\",\"@a/t2\",\"@a/t3\",\"@a/t4\",\"@a/t5\",\"@a/t6\",\"@a/t7\",\"@a/t8\",\"@a/t9\",\"@a/t10\",\"@a/t11\",\"@a/t12\",\"@a/t13\",\"@a/t14\",\"@a/t15\",\"@a/t16\",\"@a/t17\",\"@a/t18\",\"@a/t19\",\"@a/t20\",\"@a/t21\"]\n"
        => "version = 1\n\n[tiers.wide]\napprovals = 1\nfrom = [\"@acme/t1\"]\n";
    /// A rule of a repository's own file has the id of one of the organisation's; both apply.
    SameId "same-id" Warning, InRepositoryFile:
        "Nothing in a repository replaces a rule of the organisation: give it another id.",
        "version = 1\n\n[[rules]]\nid = \"everything-needs-a-person\"\non = [\"pull_request\"]\nrequire = \"sensitive\"\n"
        => "version = 1\n\n[[rules]]\nid = \"everything-here-is-sensitive\"\non = [\"pull_request\"]\nrequire = \"sensitive\"\n";
    /// The forge knows no such organisation or team, or does not show it to this App.
    UnknownGroup "unknown-group" Error, OnForge:
        "Correct the name. A secret team is shown to the App only if it may read members.",
        "[people]\nmembers_of = [\"acmee\"]\n" => "[people]\nmembers_of = [\"acme\"]\n";
    /// An organisation or team in which nobody is a person: whoever relies on it waits for ever.
    EmptyGroup "empty-group" Warning, OnForge:
        "Add members on the forge, or name another group.",
        "[people]\nmembers_of = [\"@acme/nobody\"]\n" => "[people]\nmembers_of = [\"@acme/engineering\"]\n";
    /// The forge knows no account of this number.
    UnknownAccount "unknown-account" Error, OnForge:
        "`gh api users/LOGIN --jq .id` prints the number of an account.",
        "[people]\nmembers_of = [\"acme\"]\naccounts = [999999999]\n"
        => "[people]\nmembers_of = [\"acme\"]\naccounts = [1901]\n";
    /// An account under `people.accounts` that is no account of a person.
    AccountIsNoPerson "account-is-no-person" Warning, OnForge:
        "Only accounts of type User count. An agent's account belongs under `[agents.NAME]`.",
        "[people]\nmembers_of = [\"acme\"]\naccounts = [1902]   # a bot\n"
        => "[people]\nmembers_of = [\"acme\"]\naccounts = [1901]\n";
}
