//! Signs in whole pull requests: what is one, what is none, and that more signs never hide others.

use change::Trailer;

use super::*;
use crate::facts::{CommitIdentity, Linked, Person, Signature};
use crate::identity::tests::{Story, account, ada, person};

/// What was found, as `class place id`.
fn found(pull: &Pull) -> Vec<String> {
    let traces = traces(pull);
    assert_eq!(traces.unseen, Vec::<String>::new());
    let mut found: Vec<_> = traces.found.iter().map(told).collect();
    found.dedup();
    found
}

fn told(trace: &Trace) -> String {
    let place = match &trace.place {
        Place::Commit(_) => "commit".to_owned(),
        place => format!("{place:?}").to_lowercase(),
    };
    let class = format!("{:?}", trace.class).to_lowercase();
    format!("{class} {place} {}", trace.catalogue.unwrap_or("?"))
}

fn by_author(author: Person) -> Vec<String> {
    found(&Story::default().commit(1, author, "x").pull())
}

fn traces_of(author: Person) -> Vec<Trace> {
    let found = traces(&Story::default().commit(1, author, "x").pull()).found;
    assert!(!found.is_empty());
    found
}

fn by_message(message: &str) -> Vec<String> {
    found(&Story::default().commit(1, ada(), message).pull())
}

fn by_body(body: &str) -> Vec<String> {
    found(&Story { body: body.into(), ..Story::default() }.pull())
}

fn by_branch(branch: &str) -> Vec<String> {
    found(&Story { branch: branch.into(), ..Story::default() }.pull())
}

fn by_account(author: Account) -> Vec<String> {
    found(&Story { author, ..Story::default() }.pull())
}

#[test]
fn people_leave_no_trace() {
    assert_eq!(by_message("Fix the cursor, continue with amp\n\nReviewed-by: Cody <c@d.example>"), [""; 0]);
    for author in [
        ada(),
        person("Claude Dupont", "claude@personal.example"),
        person("Claude", "claude@users.noreply.github.com"),
        person("Devin", "devin@cognition.example"),
        person("Jules", "9+jules@users.noreply.github.com"),
        person("Copilot", "9+Copilot@users.noreply.github.com"),
        person("Grace", "grace@cursor.com"),
        person("Ann", "ann@openai.com"),
        person("Gemini CLI", "gemini-cli@google.com"),
        person("Antigravity bot", "bot@antigravity.ai"),
        person("Robot", "robot@acme.example"),
        person("GitHub", "noreply@github.com"),
    ] {
        assert_eq!(by_author(author.clone()), [""; 0], "{author:?}");
    }
}

#[test]
fn an_account_is_known_by_its_number() {
    assert_eq!(
        by_account(account(198_982_749, "Copilot", AccountKind::Bot)),
        ["platform author github-copilot"]
    );
    assert_eq!(by_account(account(199_161_495, "renamed", AccountKind::User)), ["platform author cursor"]);
    assert_eq!(
        by_account(account(49_699_333, "dependabot[bot]", AccountKind::Bot)),
        ["platform author dependabot"]
    );
    for login in ["copilot", "devin", "jules", "amp", "kiro", "junie", "claude"] {
        assert_eq!(by_account(account(9, login, AccountKind::User)), [""; 0], "{login}");
    }
}

#[test]
fn a_login_is_only_a_claim() {
    let unknown = ["platform author ?"];
    assert_eq!(by_account(account(9, "acme-ci[bot]", AccountKind::Bot)), unknown);
    assert_eq!(by_account(account(9, "acme-ci", AccountKind::Bot)), unknown);
    let claimed = ["platform author ?", "claimed author sweep"];
    assert_eq!(by_account(account(9, "sweep-ai[bot]", AccountKind::Bot)), claimed);
    assert_eq!(by_account(account(9, "Sweep-AI", AccountKind::Bot)), claimed);
    assert_eq!(by_account(account(9, "sweep-ai", AccountKind::User)), [""; 0]);
    assert_eq!(by_account(account(9, "openhands-agent", AccountKind::User)), ["claimed author openhands"]);
    let qodo = ["platform author ?", "claimed author qodo-merge"];
    assert_eq!(by_account(account(9, "qodo-merge-pro[bot]", AccountKind::Bot)), qodo);
}

#[test]
fn pushers_and_the_auto_merger_are_looked_at() {
    let mut pull = Story::default().pull();
    pull.pushers = Fact::Known(vec![account(158_243_242, "devin-ai-integration[bot]", AccountKind::Bot)]);
    pull.auto_merge = Some(Fact::Known(account(209_825_114, "claude[bot]", AccountKind::Bot)));
    assert_eq!(found(&pull), ["platform pusher devin", "platform automerge claude"]);
}

#[test]
fn a_commits_people_are_known_by_number_then_address_then_login() {
    let check = |name: &str, email: &str, expected: &[&str]| {
        assert_eq!(by_author(person(name, email)), expected, "{name} <{email}>");
    };
    check(
        "copilot-swe-agent[bot]",
        "198982749+Copilot@users.noreply.github.com",
        &["claimed commit github-copilot"],
    );
    check("anything", "209825114+ANY@Users.NoReply.GitHub.com", &["claimed commit claude"]);
    check("claude[bot]", "claude[bot]@users.noreply.github.com", &["claimed commit claude"]);
    check("Cursor Agent", "CursorAgent@cursor.com", &["claimed commit cursor"]);
    check("GPT 5.5", "codex@openai.com", &["claimed commit openai-codex"]);
    check("Codex GPT-5", "x@openai.com", &["claimed commit codex-cli"]);
    check("Antigravity Agent", "x@google.com", &["claimed commit antigravity"]);
    check("Ada (aider)", "ada@acme.example", &["claimed commit aider"]);
    check("dependabot[bot]", "support@github.com", &["claimed commit dependabot"]);
    check("evil[bot]", "a@b.example", &["claimed commit ?"]);
    check("x", "9+evil[bot]@users.noreply.github.com", &["claimed commit ?"]);
}

#[test]
fn a_known_login_with_another_number_is_told_as_both() {
    let traces = by_author(person("x", "9+copilot-swe-agent[bot]@users.noreply.github.com"));
    assert_eq!(traces, ["claimed commit ?", "claimed commit github-copilot"]);
    for login in ["evil[bot]", "sweep-ai[bot]"] {
        let who = person("x", &format!("9+{login}@users.noreply.github.com"));
        for trace in traces_of(who) {
            assert_eq!((trace.user_id, trace.login.as_deref()), (Some(UserId(9)), Some(login)));
        }
    }
}

#[test]
fn the_claude_code_actions_address_is_told_as_both() {
    let traces = by_author(person("claude[bot]", "41898282+claude[bot]@users.noreply.github.com"));
    assert_eq!(traces, ["claimed commit claude-code-action", "claimed commit github-actions"]);
}

#[test]
fn a_linked_account_is_a_claim() {
    let mut author = person("Claude", "me@acme.example");
    author.account = Some(Linked { id: UserId(81_847), login: "claude".into() });
    assert_eq!(by_author(author), ["claimed commit claude-code"]);
}

#[test]
fn co_authors_are_known_from_the_message_and_from_the_forge() {
    for line in [
        "Co-Authored-By: Claude Opus 4.1 <noreply@anthropic.com>",
        "co-authored-by:Claude <NoReply@Anthropic.com>",
        "> Co-authored-by: Claude <no-reply@anthropic.com>",
        "Signed-off-by: Claude <noreply@anthropic.com>",
    ] {
        assert_eq!(by_message(&format!("Fix\n\n{line}\n\nMore.")), ["claimed commit claude-code"], "{line}");
    }
    assert_eq!(by_message("x\n\nCo-authored-by: Claude Dupont <claude@personal.example>"), [""; 0]);
    let copilot = "Co-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>";
    assert_eq!(by_message(copilot), ["claimed commit copilot-code-review"]);

    let mut story = Story::default().commit(1, ada(), "x");
    story.listed[0].authors.push(person("Amp", "amp@ampcode.com"));
    assert_eq!(found(&story.pull()), ["claimed commit amp"]);
}

#[test]
fn one_co_author_is_one_trace_whoever_tells_of_it() {
    let line = "Co-authored-by: Claude <noreply@anthropic.com>";
    let mut story = Story::default().commit(1, ada(), line);
    story.commits[0].trailers =
        vec![Trailer { key: "Co-authored-by".into(), value: "Claude <noreply@anthropic.com>".into() }];
    let mut claude = person("Claude", "noreply@anthropic.com");
    claude.account = Some(Linked { id: UserId(81_847), login: "claude".into() });
    story.listed[0].authors.push(claude);
    let traces = traces(&story.pull());
    assert_eq!(traces.found.len(), 1, "{traces:?}");
    assert_eq!(traces.found[0].user_id, Some(UserId(81_847)));
}

#[test]
fn lines_and_texts_in_messages() {
    let check = |message: &str, expected: &[&str]| assert_eq!(by_message(message), expected, "{message}");
    check("x\n\nAgent-Logs-Url: https://github.example/x", &["claimed commit github-copilot"]);
    check("x\n\nMade-with: Cursor", &["claimed commit cursor"]);
    check("x\n\nMade-with: love", &[]);
    check("x\n\nReplit-Commit-Author: Agent", &["claimed commit replit-agent"]);
    check("x\n\nReplit-Commit-Author: Ada", &[]);
    check("x\n\nEntire-Checkpoint: 0a1b", &["claimed commit entire"]);
    check("x\n\nAssisted-by: Claude Dupont", &[]);
    check("x\n\nAssisted-by: Claude:claude-opus-4", &["claimed commit claude-code"]);
    check("aider: fix it", &["claimed commit aider"]);
    check("Ask aider: fix it", &[]);
    check("x\n\nGenerated with [Devin](https://devin.example)", &["claimed commit devin"]);
    check("x\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1", &["claimed commit amp"]);
}

#[test]
fn branches() {
    assert_eq!(by_branch("copilot/fix-1"), ["claimed branch github-copilot"]);
    assert_eq!(by_branch("devin/1763600000-fix"), ["claimed branch devin"]);
    assert_eq!(by_branch("cursor/fix-the-bug-9a0f"), ["claimed branch cursor"]);
    assert_eq!(by_branch("openhands-fix-issue-12-try2"), ["claimed branch openhands"]);
    for branch in
        ["copilots/x", "devin/fix", "cursor/blinks", "gemini/client", "cline/x", "feature/copilot/x"]
    {
        assert_eq!(by_branch(branch), [""; 0], "{branch}");
    }
}

#[test]
fn descriptions() {
    let marker = "🤖 Generated with [Claude Code](https://claude.com/claude-code)";
    assert_eq!(by_body(marker), ["claimed body claude-code"]);
    assert_eq!(by_body("Link: https://app.devin.ai/sessions/1"), ["claimed body devin"]);
    assert_eq!(by_body("See https://chatgpt.com/codex/tasks/task_e_1"), ["claimed body openai-codex"]);
    assert_eq!(by_body("* Co-authored-by: Amp <amp@ampcode.com>"), ["claimed body amp"]);
    assert_eq!(
        by_body("Ask Claude, Devin or Codex. <!-- CURSOR_SUMMARY --> <!-- ELLIPSIS_HIDDEN -->"),
        [""; 0]
    );
}

#[test]
fn labels() {
    let mut pull = Story::default().pull();
    pull.labels = Fact::Known(vec!["Codex".into(), "fix-me".into(), "codex-docs".into()]);
    assert_eq!(found(&pull), ["claimed label openai-codex"]);
}

fn signed(author: Person, by_github: bool, valid: bool, signer: Option<Linked>) -> Vec<String> {
    let mut story = Story::default().commit(1, author, "x");
    story.listed[0]
        .authors
        .push(person("Jules", "161369871+google-labs-jules[bot]@users.noreply.github.com"));
    story.listed[0].signature = Some(Signature { valid, by_github, signer });
    found(&story.pull())
}

#[test]
fn githubs_signature_proves_the_author_alone() {
    let copilot = person("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com");
    let (proven, claimed, jules) =
        ("cryptographic commit github-copilot", "claimed commit github-copilot", "claimed commit jules");
    // git's own view of the author is the same party, so the proof covers both; the committer stays a claim.
    assert_eq!(signed(copilot.clone(), true, true, None), [proven, claimed, jules]);
    assert_eq!(signed(copilot.clone(), true, false, None), [claimed, jules]);
    assert_eq!(signed(copilot, false, true, None), [claimed, jules]);
    assert_eq!(
        signed(person("Cursor Agent", "cursoragent@cursor.com"), true, true, None)[0],
        "claimed commit cursor"
    );
}

#[test]
fn githubs_signature_vouches_for_the_number_and_not_for_the_name() {
    let sweep = person("x", "9+sweep-ai[bot]@users.noreply.github.com");
    let jules = "claimed commit jules";
    assert_eq!(
        signed(sweep, true, true, None),
        ["cryptographic commit ?", "claimed commit ?", jules, "claimed commit sweep"]
    );
}

#[test]
fn an_agents_own_key_is_proof() {
    let cursor = Some(Linked { id: UserId(199_161_495), login: "cursoragent".into() });
    assert_eq!(signed(ada(), false, true, cursor.clone())[0], "cryptographic commit cursor");
    assert_eq!(signed(ada(), false, false, cursor), ["claimed commit jules"]);
    let ada_key = Some(Linked { id: UserId(7), login: "ada".into() });
    assert_eq!(signed(ada(), false, true, ada_key), ["claimed commit jules"]);
}

#[test]
fn what_could_not_be_searched_is_told_beside_what_was_found() {
    let mut pull = Story { branch: "copilot/x".into(), ..Story::default() }.pull();
    pull.author = Fact::unknown("a");
    pull.pushers = Fact::unknown("b");
    pull.auto_merge = Some(Fact::unknown("c"));
    pull.labels = Fact::unknown("d");
    pull.commits = Fact::unknown("e");
    pull.change = Fact::unknown("f");
    let traces = traces(&pull);
    assert_eq!(traces.found.iter().map(told).collect::<Vec<_>>(), ["claimed branch github-copilot"]);
    let mut reasons: Vec<_> = traces.unseen.iter().filter_map(|why| why.rsplit(": ").next()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn too_much_text_is_not_searched_in_silence() {
    let pull = Story { body: "x".repeat(text::TEXT_BUDGET), ..Story::default() }.pull();
    assert_eq!(traces(&pull).unseen, Vec::<String>::new());
    let pull = Story { body: "x".repeat(text::TEXT_BUDGET + 1), ..Story::default() }.pull();
    assert_eq!(traces(&pull).unseen.len(), 1);
}

#[test]
fn what_was_seen_is_short_and_visible() {
    let name = format!("\u{202e}\n{}[bot]", "ü".repeat(500));
    let pull = Story::default().commit(1, person(&name, "a@b.example"), "x").pull();
    for trace in traces(&pull).found {
        assert_eq!(trace.seen.chars().count(), SEEN);
        assert!(!trace.seen.contains(['\u{202e}', '\n']) && trace.seen.ends_with('…'), "{}", trace.seen);
    }
}

mod properties;
