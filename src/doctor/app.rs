//! The App, its webhook, and the rules that the gate goes by.

use policy::Fact;
use policy::complaint::Severity;
use policy::rules::{DEFAULT_CHECK, Parsed, Rules};

use super::{Line, Point};
use crate::github::posture::{DeliveriesSeen, HookSeen};

/// The rules that the gate goes by, as they were found.
#[derive(Debug)]
pub enum RulesRead {
    /// None were named.
    Unnamed,
    /// They could not be read.
    Unread {
        /// Where they should be.
        name: String,
        /// Why not.
        why: String,
    },
    /// They were read.
    Read {
        /// Where they are.
        name: String,
        /// What they say.
        parsed: Box<Parsed>,
    },
}

impl RulesRead {
    /// The rules, when they are valid.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        match self {
            Self::Read { parsed, .. } => parsed.rules.as_ref(),
            Self::Unnamed | Self::Unread { .. } => None,
        }
    }

    /// The name of our check. Without rules the gate uses its default name; with invalid ones it goes on with the last
    /// good ones, whose name is not known here.
    #[must_use]
    pub fn check(&self) -> Fact<String> {
        match self {
            Self::Unnamed => Fact::Known(DEFAULT_CHECK.to_owned()),
            Self::Unread { .. } => Fact::unknown("the rules, which name our check, could not be read"),
            Self::Read { parsed, .. } => match &parsed.rules {
                Some(rules) => Fact::Known(rules.gate.check.clone()),
                None => Fact::unknown("the rules, which name our check, are invalid"),
            },
        }
    }

    fn line(&self) -> Line {
        let point = Point::Rules;
        match self {
            Self::Unnamed => Line::unknown(
                point,
                format!("no rules were named, so our check is taken to be `{DEFAULT_CHECK}`"),
                "give `--rules` or `--rules-repository` as `serve` has it",
            ),
            Self::Unread { name, why } => Line::unknown(
                point,
                format!("`{name}` could not be read: {why}"),
                "give `--rules` or `--rules-repository` as `serve` has it",
            ),
            Self::Read { name, parsed } if parsed.rules.is_some() => {
                Line::pass(point, format!("`{name}` is valid"))
            }
            Self::Read { name, parsed } => {
                let errors = || parsed.complaints.iter().filter(|told| told.severity == Severity::Error);
                let first = errors().next().map(|told| format!("line {}: {}", told.line, told.message));
                Line::fail(
                    point,
                    format!("`{name}` has {} errors, {}", errors().count(), first.unwrap_or_default()),
                    "run `portcullis check` on it",
                )
            }
        }
    }
}

/// Lines about the App as a whole.
#[must_use]
pub fn app(
    rules: &RulesRead,
    installations: usize,
    hook: &Fact<HookSeen>,
    deliveries: &Fact<DeliveriesSeen>,
) -> Vec<Line> {
    let installed = match installations {
        0 => Line::fail(
            Point::Installed,
            "the App is installed nowhere",
            "install it on the repositories that it is to govern",
        ),
        1 => Line::pass(Point::Installed, "at one organisation or account"),
        many => Line::pass(Point::Installed, format!("at {many} organisations and accounts")),
    };
    vec![rules.line(), installed, webhook(hook), taken(deliveries)]
}

fn webhook(hook: &Fact<HookSeen>) -> Line {
    let point = Point::Webhook;
    let fix = "in the App's settings, Webhook: active, an `https` URL, content type `application/json`, a secret, \
               and SSL verification on";
    let hook = match hook {
        Fact::Known(hook) => hook,
        Fact::Unknown(why) => return Line::unknown(point, format!("its settings: {why}"), fix),
    };
    let HookSeen { url, content_type, insecure_ssl, signed } = hook;
    let mut wrong = Vec::new();
    match content_type.as_deref() {
        Some("json") => {}
        Some(other) => wrong.push(format!("the content type is `{other}`, and the gate takes JSON only")),
        None => wrong.push("no content type is told".to_owned()),
    }
    match insecure_ssl.as_deref() {
        Some("0") => {}
        Some(_) => wrong.push("certificates are not verified".to_owned()),
        None => wrong.push("whether certificates are verified is not told".to_owned()),
    }
    if !signed {
        wrong.push("there is no secret, so the gate refuses every delivery".to_owned());
    }
    match url.as_deref() {
        Some(url) if url.starts_with("https://") => {}
        Some(url) => wrong.push(format!("deliveries go to `{url}`, which is not encrypted")),
        None => wrong.push("deliveries go nowhere".to_owned()),
    }
    if wrong.is_empty() {
        let url = url.as_deref().unwrap_or_default();
        return Line::pass(point, format!("signed JSON goes to `{url}`, certificates verified"));
    }
    Line::fail(point, wrong.join("; "), fix)
}

fn taken(deliveries: &Fact<DeliveriesSeen>) -> Line {
    let point = Point::Deliveries;
    let look = "look at the App's page, Advanced, Recent deliveries";
    match deliveries {
        Fact::Unknown(why) => Line::unknown(point, format!("the newest deliveries: {why}"), look),
        Fact::Known(DeliveriesSeen { seen: 0, .. }) => Line::unknown(
            point,
            "there was none of late, so nothing shows that they arrive",
            format!("{look}, or open a pull request"),
        ),
        Fact::Known(DeliveriesSeen { seen, failed: 0, .. }) => {
            Line::pass(point, format!("the newest {seen} were taken"))
        }
        Fact::Known(DeliveriesSeen { seen, failed, newest_failure }) => {
            let newest = newest_failure.as_deref().unwrap_or_default();
            Line::fail(
                point,
                format!("{failed} of the newest {seen} were not taken, the last being `{newest}`"),
                format!("{look}: the answer says what to change; then redeliver them"),
            )
        }
    }
}
