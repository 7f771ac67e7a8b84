//! Text that people do not see, over HTTP and git: what is read of whom, and what becomes of it.

use fake_github::{Open, Push, Stage};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB};

const HIDDEN: &str = "export const admin\u{200b} = 1;\n";
/// Persian, with the non-joiner that it is written with.
const PERSIAN: &str = "export const want = '\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}';\n";

impl Gate {
    /// Somebody pushes a file to a branch and proposes it.
    async fn adds(&self, who: &str, branch: &str, path: &str, content: &str) -> u64 {
        self.github.push(Push::new(who, WEB, branch).file(path, content)).await.unwrap();
        let number = self.github.open(Open::new(who, WEB, branch)).await.unwrap();
        self.settle().await;
        number
    }

    /// How often objects were asked for so far.
    fn packs(&self) -> usize {
        let calls = self.github.git_calls();
        calls.iter().filter(|call| call.route.ends_with("/git-upload-pack")).count()
    }
}

#[tokio::test]
async fn what_people_wrote_is_not_even_fetched() {
    let gate = Gate::acme().await;
    gate.adds("bob", "first", "src/first.ts", "export {};\n").await;
    let before = gate.packs();
    let number = gate.adds("bob", "sly", "src/sly.ts", HIDDEN).await;
    gate.shows(number, "success");
    let peoples = gate.packs() - before;

    let before = gate.packs();
    let number = gate.adds("Copilot", "copilot/a", "src/a.ts", PERSIAN).await;
    gate.shows(number, "action_required");
    assert_eq!(gate.packs() - before, peoples + 1, "contents come in one go");

    let before = gate.packs();
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    assert_eq!(gate.packs(), before, "what was read once is known");
}

#[tokio::test]
async fn what_an_agent_hid_stays_hidden_until_it_is_taken_out() {
    let gate = Gate::acme().await;
    let number = gate.adds("Copilot", "copilot/a", "src/a.ts", HIDDEN).await;
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "failure");
    let text = gate.text();
    assert!(text.contains("`src/a.ts:1` (`U+200B`, a zero-width character)"), "{text}");
    assert!(!text.contains('\u{200b}'), "{text}");
    let clean = Push::new("Copilot", WEB, "copilot/a").file("src/a.ts", "export const admin = 1;\n");
    gate.github.push(clean).await.unwrap();
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn what_stood_there_before_is_nobodys_news() {
    let forge = FORGE.replace(
        "\"README.md\" = \"web\\n\"",
        "\"README.md\" = \"web\\n\", \"src/old.ts\" = \"a\\u200B\\n\"",
    );
    assert_ne!(forge, FORGE);
    let gate = Gate::start(&forge, RULES).await;
    let number = gate.adds("Copilot", "copilot/a", "src/old.ts", "new\na\u{200b}\n").await;
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_title_that_hides_is_shown_by_its_numbers() {
    let gate = Gate::acme().await;
    gate.github.push(Push::new("Copilot", WEB, "copilot/a").file("src/a.ts", "a\n")).await.unwrap();
    let open = Open::new("Copilot", WEB, "copilot/a").title("Fix\u{202e}xiF").body("a\nb\u{e0041}");
    let number = gate.github.open(open).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    let summary = gate.summary(number);
    assert!(summary.contains("the title, line 1: `U+202E`, a bidi control"), "{summary}");
    assert!(summary.contains("the body, line 2: `U+E0041`, a tag character"), "{summary}");
    assert!(!summary.contains(['\u{202e}', '\u{e0041}']), "{summary}");
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn what_an_agent_hides_in_a_push_does_not_stay_on_main() {
    let mut stage = Stage::parse(FORGE).unwrap();
    for name in ["contents", "workflows", "pull_requests"] {
        stage.app.permissions.insert(name.to_owned(), "write".to_owned());
    }
    let rules = RULES
        .replace("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"revert\"]")
        .replace("[\"copilot/**\"]", "[\"copilot/**\", \"main\"]")
        .replace("\"propose\"]", "\"propose\", \"push\"]");
    let gate = Gate::on(stage, &rules).await;
    let main = || gate.github.object_of(WEB, "refs/heads/main").unwrap();
    let push = async |who: &str, path: &str, content: &str| {
        let pushed = gate.github.push(Push::new(who, WEB, "main").file(path, content)).await.unwrap();
        gate.settle().await;
        (Some(pushed), main())
    };
    let before = main();
    let (_, after) = push("Copilot", "src/a.ts", HIDDEN).await;
    assert_eq!(after, before);
    let (_, after) = push("Copilot", "docs/a.md", HIDDEN).await;
    assert_eq!(after, before, "nobody could have approved it");
    let (pushed, after) = push("Copilot", "src/b.ts", PERSIAN).await;
    assert_eq!(after, pushed);
    let (pushed, after) = push("alice", "src/c.ts", HIDDEN).await;
    assert_eq!(after, pushed, "people may");
}
