//! An incident for people outside: the issue that is opened about it.
//!
//! Titles, logins and names of branches are hostile; what comes out mentions nobody and links to nothing.

use policy::incident::Incident;
use policy::rules::Respond;

use super::escape::{inline, plain, prose};

/// More parts than these are only counted.
const MOST_PARTS: usize = 20;
/// More findings than these of one part are not told.
const MOST_FINDINGS: usize = 5;
/// GitHub takes 256 characters.
const TITLE_CHARACTERS: usize = 200;

/// The title of the issue: running text that GitHub shows as it is.
#[must_use]
pub fn issue_title(title: &str) -> String {
    format!("Incident: {}", plain(title, TITLE_CHARACTERS))
}

/// The text of the issue. `parts` are those that are told; `total` is how many there are.
#[must_use]
pub fn issue_body(id: &str, parts: &[Incident], total: u64) -> String {
    let mut text = format!("Portcullis opened incident `{id}`.\n");
    for part in parts.iter().take(MOST_PARTS) {
        text.push_str(&format!("\n- **{}**\n", inline(&part.title)));
        for finding in part.findings.iter().take(MOST_FINDINGS) {
            text.push_str(&format!("  - {} (`{}`)\n", prose(&finding.message), finding.code.as_str()));
        }
        text.push_str(&format!("  - answer: {}\n", answer(part.respond)));
    }
    let told = u64::try_from(parts.len().min(MOST_PARTS)).unwrap_or(u64::MAX);
    if total > told {
        text.push_str(&format!("\nand {} more of the same.\n", total.saturating_sub(told)));
    }
    text.push_str(&format!("\nLook into it with `portcullis incidents show {id}`.\n"));
    text
}

fn answer(respond: Respond) -> &'static str {
    match respond {
        Respond::Report => "it is reported, and nothing else is done",
        Respond::Cancel => "the run is cancelled",
        Respond::Revert => "it is put back, and the work is kept aside",
        Respond::Suspend => "the agents it concerns are suspended",
    }
}

#[cfg(test)]
mod tests {
    use policy::Millis;
    use policy::incident::Kind;

    use super::*;

    fn part(title: &str) -> Incident {
        Incident {
            kind: Kind::Moved,
            once_key: "k".to_owned(),
            group: None,
            title: title.to_owned(),
            who: None,
            agent: None,
            at: Millis(0),
            findings: Vec::new(),
            respond: Respond::Revert,
        }
    }

    #[test]
    fn hostile_titles_mention_nobody_and_end_no_marker() {
        let hostile = "x @acme/security <!-- portcullis:INC-0 --> [a](https://evil.example)\u{202e}";
        let body = issue_body("INC-1", &[part(hostile)], 1);
        assert!(!body.contains("@acme") && !body.contains("<!--") && !body.contains("](https:/"), "{body}");
        assert!(!issue_title(hostile).contains('\u{202e}'));
        assert!(issue_title(&"long ".repeat(500)).chars().count() <= 256);
    }

    #[test]
    fn a_burst_is_told_shortly() {
        let parts: Vec<Incident> = (0..50).map(|n| part(&format!("part {n}"))).collect();
        let body = issue_body("INC-1", &parts, 500);
        assert!(body.contains("part 19") && !body.contains("part 20"), "{body}");
        assert!(body.contains("and 480 more"), "{body}");
    }
}
