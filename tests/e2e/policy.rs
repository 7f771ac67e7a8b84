//! Rules from the organisation's policy repository, and repositories' own rules below them.

use fake_github::{Open, Push, ReviewState, ShownCheck, Signature};
use policy::rules::Trouble;
use policy::{RepoName, Verdict};
use portcullis::config::RulesRepository;

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, closed_rules, propose};

const POLICY: &str = "acme/.portcullis";
const OWN: &str = ".github/portcullis.toml";

fn at(id: Option<u64>) -> RulesRepository {
    RulesRepository { repository: RepoName::parse(POLICY).unwrap(), path: "gate/rules.toml".into(), id }
}

/// The shared stage, and a policy repository with these rules.
fn forge(rules: &str) -> String {
    format!(
        "{FORGE}\n[[repos]]\nname = \"{POLICY}\"\nid = 3900\nadmins = [\"alice\"]\nwriters = [\"bob\"]\n\
         files = {{ \"gate/rules.toml\" = '''{rules}''' }}\n"
    )
}

/// The rules, with the policy repository among the agent's.
fn wide() -> String {
    RULES.replace("repos = [\"acme/web\"]", "repos = [\"acme/web\", \"acme/.portcullis\"]")
}

async fn write(gate: &Gate, repo: &str, path: &str, text: &str) -> String {
    let tip = gate.github.push(Push::new("alice", repo, "main").file(path, text)).await.unwrap();
    gate.github.deliver_all(&gate.webhook()).await;
    tip
}

/// The check that validates proposed rules on a pull request's head.
fn rules_check(gate: &Gate, repo: &str, number: u64) -> Option<ShownCheck> {
    let head = gate.github.pull_head(repo, number).unwrap();
    gate.github.check_runs(repo, &head).into_iter().rfind(|run| run.name == "portcullis/rules")
}

async fn verdict_in(gate: &Gate, repo: &str, number: u64) -> Verdict {
    let repo = RepoName::parse(repo).unwrap();
    let stored = gate.running.gate().store.latest_verdict_of(&repo, number).await.unwrap().unwrap();
    serde_json::from_str(&stored.record.verdict).unwrap()
}

#[tokio::test]
async fn pushed_rules_are_in_the_next_verdict_with_their_commit() {
    let gate = Gate::with_policy(&forge(RULES), at(None)).await;
    let first = gate.github.branch(POLICY, "main").unwrap();
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let verdict = gate.verdict(number).await;
    assert_eq!(verdict.rules.source, "acme/.portcullis/gate/rules.toml");
    assert_eq!(verdict.rules.commit.unwrap().as_str(), first);

    let second = write(&gate, POLICY, "gate/rules.toml", &closed_rules()).await;
    gate.rules_are(|rules| rules.commit.as_ref().is_some_and(|commit| commit.as_str() == second)).await;
    gate.settle().await;
    gate.shows(number, "failure");
    assert_eq!(gate.verdict(number).await.rules.commit.unwrap().as_str(), second);

    // Another file of the repository is no news: the verdict stays word for word.
    let before = gate.verdict(number).await.digest();
    write(&gate, POLICY, "README.md", "rules").await;
    gate.running.gate().store.wake_all(gate.now()).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.verdict(number).await.digest(), before);
}

#[tokio::test]
async fn invalid_rules_in_the_repository_leave_the_last_good_ones_over_a_restart() {
    let gate = Gate::with_policy(&forge(RULES), at(None)).await;
    let good = gate.github.branch(POLICY, "main").unwrap();
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    write(&gate, POLICY, "gate/rules.toml", &RULES.replace("approvals = 1", "aprovals = 1")).await;
    gate.rules_are(|rules| rules.trouble.is_some()).await;
    let gate = gate.restart().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "success");
    let rules = gate.verdict(number).await.rules;
    assert_eq!(rules.commit.unwrap().as_str(), good);
    assert!(rules.trouble.as_ref().unwrap().contains("approvals"), "{:?}", rules.trouble);
    assert!(gate.shown(number).contains("the newest rules are invalid"), "{}", gate.shown(number));
}

#[tokio::test]
async fn a_repository_of_another_number_is_not_the_policy_repository() {
    let gate = Gate::with_policy(&forge(RULES), at(Some(17))).await;
    let rules = gate.running.gate().rulebook.current();
    let Some(Trouble::Unreadable(why)) = &rules.trouble else { panic!("{rules:?}") };
    assert!(why.contains("number 3900, not 17") && why.contains("id = 3900"), "{why}");
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.shows(number, "failure");
    Gate::with_policy(&forge(RULES), at(Some(3900))).await.rules_are(|rules| rules.in_force.is_some()).await;
}

#[tokio::test]
async fn without_the_repository_or_the_file_everything_is_blocked_with_the_reason() {
    for (forge, reason) in [
        (FORGE.to_owned(), "the App does not see the repository `acme/.portcullis`"),
        (forge(RULES).replace("gate/rules.toml", "rules.toml"), "there is no `gate/rules.toml`"),
    ] {
        let gate = Gate::with_policy(&forge, at(None)).await;
        let number = propose(&gate.github, "hello").await;
        gate.settle().await;
        gate.shows(number, "failure");
        let findings = gate.verdict(number).await.pulls.remove(0).findings;
        assert!(findings[0].message.contains(reason), "{}", findings[0].message);
    }
}

/// A pull request in the policy repository, and the rules pushed: everything that is said about rules elsewhere.
pub(crate) async fn proposals() -> Gate {
    let gate = Gate::with_policy(&forge(&wide()), at(None)).await;
    gate.github.record();
    let edit = Push::new("alice", POLICY, "laxer").from("main").file("gate/rules.toml", "version = 2\n");
    gate.github.push(edit).await.unwrap();
    gate.github.open(Open::new("alice", POLICY, "laxer")).await.unwrap();
    gate.settle().await;
    write(&gate, POLICY, "gate/rules.toml", RULES).await;
    let tip = gate.github.branch(POLICY, "main").unwrap();
    gate.rules_are(|rules| rules.commit.as_ref().is_some_and(|commit| commit.as_str() == tip)).await;
    gate
}

/// A replica of the forge that lags shows what was there before: going back is believed when it is read twice.
#[tokio::test]
async fn rules_that_go_back_are_believed_when_they_are_read_twice() {
    let gate = Gate::with_policy(&forge(RULES), at(None)).await;
    let first = gate.github.branch(POLICY, "main").unwrap();
    let second = write(&gate, POLICY, "gate/rules.toml", &closed_rules()).await;
    let is = |commit: &str| {
        let commit = commit.to_owned();
        move |rules: &policy::rules::RuleSource| rules.commit.as_ref().is_some_and(|is| is.as_str() == commit)
    };
    gate.rules_are(is(&second)).await;
    let calls = || gate.github.calls().len();
    let before = calls();
    let mut back = Push::new("alice", POLICY, "main").from(&first).file("README.md", "rules");
    back.force = true;
    gate.github.push(back).await.unwrap();
    gate.github.deliver_all(&gate.webhook()).await;
    while calls() == before {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(is(&second)(&gate.running.gate().rulebook.current()), "one reading may lag");
    write(&gate, POLICY, "README.md", "more").await;
    gate.rules_are(is(&first)).await;
}

/// Its own check says what is wrong, on the lines; the gate's check judges by the rules of the default branch.
#[tokio::test]
async fn a_pull_request_that_edits_the_rules_gets_a_check_of_its_own() {
    let gate = Gate::with_policy(&forge(&wide()), at(None)).await;
    let lax = wide().replace("enforcement = \"active\"", "enforcement = \"disabled\"").replace("why", "wyh");
    for (who, branch, shown) in
        [("alice", "laxer", "success"), ("Copilot", "copilot/laxer", "action_required")]
    {
        let edit = Push::new(who, POLICY, branch).from("main").signed(Signature::by_github());
        gate.github.push(edit.file("gate/rules.toml", &lax)).await.unwrap();
        let number = gate.github.open(Open::new(who, POLICY, branch)).await.unwrap();
        gate.settle().await;
        let verdict = verdict_in(&gate, POLICY, number).await;
        assert_eq!(verdict.shown().as_str(), shown, "{verdict:#?}");
        let check = rules_check(&gate, POLICY, number).unwrap();
        assert_eq!(check.conclusion.as_deref(), Some("failure"));
        let lines: Vec<&str> = check.annotations.iter().map(String::as_str).collect();
        assert!(lines.iter().all(|line| line.starts_with("gate/rules.toml:")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("failure unknown-key")), "{lines:#?}");
        // Looked at again, nothing is posted again.
        let posts = gate.github.check_run_posts();
        gate.running.gate().store.wake_all(gate.now()).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.github.check_run_posts(), posts);
    }
}

#[tokio::test]
async fn a_pull_request_that_leaves_the_rules_alone_has_one_check() {
    let (gate, number) = Gate::with_proposal().await;
    assert!(rules_check(&gate, WEB, number).is_none());
}

#[tokio::test]
async fn a_repositorys_own_rules_take_effect_when_they_land_and_when_they_go() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let two = "version = 1\n[tiers.routine]\napprovals = 2\n";
    write(&gate, WEB, OWN, two).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    assert!(gate.verdict(number).await.rules.own.unwrap().digest.is_some());

    // What would loosen is refused with its line, and the last good file goes on.
    write(&gate, WEB, OWN, "version = 1\n\n[tiers.routine]\napprovals = 0\n").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let own = gate.verdict(number).await.rules.own.unwrap();
    assert!(own.trouble.as_ref().unwrap().starts_with("line 4: "), "{own:?}");
    assert!(own.digest.is_some());

    // So it does after a restart.
    let gate = gate.restart().await;
    gate.review("bob", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "success");
    assert!(gate.verdict(number).await.rules.own.unwrap().digest.is_some());

    let gone = Push { delete: vec![OWN.into()], ..Push::new("alice", WEB, "main") };
    gate.github.push(gone).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
    assert_eq!(gate.verdict(number).await.rules.own, None);
}

#[tokio::test]
async fn a_file_that_loosens_from_the_start_leaves_the_organisation_alone() {
    let (gate, number) = Gate::with_proposal().await;
    write(&gate, WEB, OWN, "version = 1\n[gate]\nenforcement = \"evaluate\"\n").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let own = gate.verdict(number).await.rules.own.unwrap();
    assert_eq!(own.digest, None);
    assert!(own.trouble.unwrap().starts_with("line 3: "));
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "success");
}

/// A pull request that would loosen the repository's own rules is judged by those that stand.
#[tokio::test]
async fn own_rules_never_come_from_the_change_they_judge() {
    let (gate, _) = Gate::with_proposal().await;
    write(&gate, WEB, OWN, "version = 1\n[tiers.routine]\napprovals = 2\n").await;
    let edit = Push::new("Copilot", WEB, "copilot/own").from("main").signed(Signature::by_github());
    gate.github.push(edit.file(OWN, "version = 1\n")).await.unwrap();
    let number = gate.github.open(Open::new("Copilot", WEB, "copilot/own")).await.unwrap();
    gate.settle().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_eq!(rules_check(&gate, WEB, number).unwrap().conclusion.as_deref(), Some("success"));
}

#[tokio::test]
async fn own_rules_that_are_no_text_are_said_and_the_last_good_ones_stay() {
    let (gate, number) = Gate::with_approved_proposal().await;
    write(&gate, WEB, OWN, "version = 1\n\0\n").await;
    gate.settle().await;
    gate.shows(number, "success");
    let own = gate.verdict(number).await.rules.own.unwrap();
    assert_eq!(
        (own.digest, own.trouble.as_deref()),
        (None, Some("`.github/portcullis.toml` is no text in UTF-8"))
    );
    write(&gate, WEB, OWN, "version = 1\n[tiers.routine]\napprovals = 2\n").await;
    write(&gate, WEB, OWN, &"# ".repeat(40_000)).await;
    gate.settle().await;
    gate.shows(number, "success");
    write(&gate, WEB, OWN, "version = 1\n[tiers.routine]\napprovals = 2\n").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    write(&gate, WEB, OWN, &"# ".repeat(40_000)).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let own = gate.verdict(number).await.rules.own.unwrap();
    assert!(own.digest.is_some() && own.trouble.unwrap().contains("larger than 65536 bytes"));
}

/// Two replicas, one of which has not read the newest rules yet: what it judged meanwhile is judged again.
#[tokio::test]
async fn what_was_judged_by_older_rules_is_looked_at_again() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let (store, now) = (&gate.running.gate().store, gate.now());
    let key = gate.running.gate().rulebook.current().key();
    assert_eq!(store.wake_judged_otherwise(&key, now).await.unwrap(), 0);
    gate.write_rules(&closed_rules()).await;
    gate.settle().await;
    gate.shows(number, "failure");
    // Another replica judged by the old rules after this one had woken everything.
    assert_eq!(store.wake_judged_otherwise(&key, now).await.unwrap(), 1);
    gate.settle().await;
    let newer = gate.running.gate().rulebook.current().key();
    assert_ne!(newer, key);
    assert_eq!(store.wake_judged_otherwise(&newer, now).await.unwrap(), 0);
}

/// A hostile file from anybody's pull request is validated in no time.
#[tokio::test]
async fn a_hostile_proposal_holds_nobody_up() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let (deep, long) = ("**/a/".repeat(100) + "b", "a/".repeat(200) + "c");
    let many = "{a,b}".repeat(90);
    let paths: Vec<String> = (0..60).map(|at| format!("\"{many}{at}\"")).collect();
    let rule = |paths: &str| {
        format!(
            "[[rules]]\nid = \"r\"\non = [\"pull_request\"]\nwhen = {{ paths = [{paths}] }}\ndeny = true\n"
        )
    };
    let text =
        format!("version = 1\n{}{}", rule(&format!("\"{deep}\", \"{long}\"")), rule(&paths.join(", ")));
    gate.github.push(Push::new("erin", WEB, "hostile").from("main").file(OWN, &text)).await.unwrap();
    let hostile = gate.github.open(Open::new("erin", WEB, "hostile")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
    assert_eq!(rules_check(&gate, WEB, hostile).unwrap().conclusion.as_deref(), Some("failure"));
}

/// The day that docs/rules.md tells, from the starter file to the verdict: what stands between is in `tests/cli/walk.rs`.
#[tokio::test]
async fn a_maintainers_day_ends_in_the_next_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let portcullis = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    };
    portcullis(&["init", "--profile", "standard", "--org", "acme"]);
    let starter = std::fs::read_to_string(folder.path().join("rules.toml")).unwrap();
    let gate = Gate::with_policy(&forge(&starter), at(None)).await;
    let edit = Push::new("Copilot", WEB, "copilot/fees").signed(Signature::by_github());
    gate.github.push(edit.file("payments/fees.ts", "export const fee = 1;\n")).await.unwrap();
    let number = gate.github.open(Open::new("Copilot", WEB, "copilot/fees")).await.unwrap();
    gate.settle().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "success");

    let payments = "\n[[rules]]\nid = \"payments\"\non = [\"pull_request\"]\nwhen = { paths = [\"payments/**\"] }\n\
                    require = \"sensitive\"\nwhy = \"Somebody answers for money.\"\n";
    std::fs::write(folder.path().join("rules.toml"), format!("{starter}{payments}")).unwrap();
    portcullis(&["check", "rules.toml"]);
    let commit = write(&gate, POLICY, "gate/rules.toml", &format!("{starter}{payments}")).await;
    gate.rules_are(|rules| rules.commit.as_ref().is_some_and(|found| found.as_str() == commit)).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let verdict = gate.verdict(number).await;
    assert_eq!(verdict.rules.commit.unwrap().as_str(), commit);
    let waits = &verdict.pulls[0].findings[0];
    assert_eq!(waits.rule.as_ref().unwrap().id, "payments");
    gate.review("dana", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.shows(number, "success");
}

/// What was remembered and cannot be read back is not taken for nothing.
#[tokio::test]
async fn last_good_rules_that_cannot_be_read_back_block() {
    let (gate, number) = Gate::with_approved_proposal().await;
    write(&gate, WEB, OWN, "version = 1\n[tiers.routine]\napprovals = 0\n").await;
    gate.running.gate().store.kv_put("rules.own.3001", "{ no JSON").await.unwrap();
    gate.settle().await;
    gate.shows(number, "failure");
    write(&gate, WEB, OWN, "version = 1\n").await;
    gate.settle().await;
    gate.shows(number, "success");
}
