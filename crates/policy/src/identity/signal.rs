//! One sign by which an agent is known, parsed and checked.
//!
//! The rules of matching that others learnt the hard way are enforced here and not by care: a bare name, a bare domain
//! or a bare word is refused when the catalogue is read.

use serde::Deserialize;

use super::address::{Noreply, normal};
use super::branch::Shape;
use crate::ids::UserId;
use crate::verdict::EvidenceClass;

/// A sign, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What to look for.
    pub sign: Sign,
    /// What it may do when the forge asserts it itself; inside a commit everything is claimed.
    pub class: EvidenceClass,
    /// What to know about it.
    pub note: Option<String>,
    /// Recorded so that nobody adds it again: it must not count.
    pub never: bool,
}

/// What to look for. Addresses, logins, keys, labels and texts are in lower case here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// An account's number.
    UserId(UserId),
    /// `x[bot]` for an App's account or a name in a commit, `x` for a user's account.
    Login(String),
    /// The beginning of an App's login.
    LoginPrefix(String),
    /// A whole address, and how the name beside it must begin.
    Email {
        /// The address.
        address: String,
        /// The words that the name begins with, when the address alone says too little.
        name: Option<String>,
    },
    /// An address's domain, and how the name beside it must begin.
    EmailDomain {
        /// The domain, without `@`.
        domain: String,
        /// The words that the name begins with.
        name: String,
    },
    /// How an author's or committer's name ends.
    NameSuffix(String),
    /// A `Key: value` line.
    Trailer {
        /// The key.
        key: String,
        /// How the value begins.
        value: Option<String>,
    },
    /// How a commit's subject begins.
    Subject(String),
    /// The shape of the head branch's name.
    Branch(Shape),
    /// Text inside a description or a commit message.
    Body(String),
    /// A label.
    Label(String),
}

/// A signal as it stands in the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignal {
    user_id: Option<u64>,
    login: Option<String>,
    login_prefix: Option<String>,
    email: Option<String>,
    email_domain: Option<String>,
    name: Option<String>,
    name_suffix: Option<String>,
    trailer: Option<String>,
    value: Option<String>,
    subject: Option<String>,
    branch: Option<String>,
    body: Option<String>,
    label: Option<String>,
    class: RawClass,
    note: Option<String>,
    #[serde(default)]
    never: bool,
}

/// The catalogue knows no signatures: those are found, not listed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawClass {
    Platform,
    Claimed,
}

impl RawSignal {
    /// Checks the signal.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn check(self) -> Result<Signal, String> {
        let class = match self.class {
            RawClass::Platform => EvidenceClass::Platform,
            RawClass::Claimed => EvidenceClass::Claimed,
        };
        let (note, never) = (self.note.clone(), self.never);
        let sign = self.sign()?;
        if never && note.is_none() {
            return Err(format!("{sign:?} never counts, but no `note` says why"));
        }
        if matches!(sign, Sign::UserId(_)) != (class == EvidenceClass::Platform) {
            return Err(format!(
                "{sign:?}: a `user_id` is of class `platform`, everything else is `claimed`"
            ));
        }
        match &sign {
            Sign::Email { .. } | Sign::EmailDomain { .. } | Sign::Body(_) if !never => checked(sign),
            _ => Ok(sign),
        }
        .map(|sign| Signal { sign, class, note, never })
    }

    fn sign(self) -> Result<Sign, String> {
        let (name, value) = (self.name.as_deref().map(lower), self.value.as_deref().map(lower));
        let (named, valued) = (name.is_some(), value.is_some());
        let mut signs = Vec::new();
        signs.extend(self.user_id.map(|id| Sign::UserId(UserId(id))));
        signs.extend(self.login.as_deref().map(lower).map(Sign::Login));
        signs.extend(self.login_prefix.as_deref().map(lower).map(Sign::LoginPrefix));
        signs.extend(self.email.map(|address| Sign::Email { address: normal(&address), name: name.clone() }));
        if let Some(domain) = self.email_domain {
            let name =
                name.ok_or_else(|| format!("`{domain}`: a domain needs a `name`: people work there"))?;
            signs.push(Sign::EmailDomain { domain: lower(&domain), name });
        }
        signs.extend(self.name_suffix.map(Sign::NameSuffix));
        signs.extend(self.trailer.as_deref().map(lower).map(|key| Sign::Trailer { key, value }));
        signs.extend(self.subject.map(Sign::Subject));
        if let Some(shape) = self.branch {
            signs.push(Sign::Branch(Shape::parse(&shape)?));
        }
        signs.extend(self.body.as_deref().map(lower).map(Sign::Body));
        signs.extend(self.label.as_deref().map(lower).map(Sign::Label));
        let mut signs = signs.into_iter();
        let (Some(sign), None) = (signs.next(), signs.next()) else {
            return Err("a signal has exactly one sign".to_owned());
        };
        let wants_name = matches!(sign, Sign::Email { .. } | Sign::EmailDomain { .. });
        if (named && !wants_name) || (valued && !matches!(sign, Sign::Trailer { .. })) {
            return Err(format!("{sign:?}: `name` belongs to addresses and `value` to trailers"));
        }
        Ok(sign)
    }
}

/// Refuses signs that would take people for agents.
fn checked(sign: Sign) -> Result<Sign, String> {
    let complaint = match &sign {
        Sign::EmailDomain { domain, .. }
            if domain.ends_with("noreply.github.com") || domain.contains('@') =>
        {
            "everybody has an address there"
        }
        // GitHub's own addresses are told apart by number; only an App's name may stand without the right one.
        Sign::Email { address, .. } => match Noreply::parse(address) {
            Some(noreply) if !super::address::is_bot_name(&noreply.login) => "list the `user_id` instead",
            _ if !address.contains('@') => "this is no address",
            _ => return Ok(sign),
        },
        Sign::Body(text) if text.len() < 10 || text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            "a bare word stands in people's texts too"
        }
        _ => return Ok(sign),
    };
    Err(format!("{sign:?}: {complaint}"))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Signal, String> {
        toml::from_str::<RawSignal>(text).map_err(|e| e.to_string())?.check()
    }

    #[test]
    fn a_sign_that_would_take_people_for_agents_is_refused() {
        for (text, complaint) in [
            ("email_domain = 'users.noreply.github.com'\nname = 'x'\nclass = 'claimed'", "everybody"),
            ("email_domain = 'cursor.com'\nclass = 'claimed'", "people work there"),
            ("email = '198982749+Copilot@users.noreply.github.com'\nclass = 'claimed'", "`user_id`"),
            ("email = 'codex'\nclass = 'claimed'", "no address"),
            ("body = 'claude'\nclass = 'claimed'", "bare word"),
            ("body = 'devindevindevin'\nclass = 'claimed'", "bare word"),
            ("name = 'Claude'\nclass = 'claimed'", "exactly one"),
            ("login = 'a[bot]'\nclass = 'platform'", "class `platform`"),
            ("user_id = 1\nclass = 'claimed'", "class `platform`"),
            ("user_id = 1\nlogin = 'a'\nclass = 'platform'", "exactly one"),
            ("user_id = 1\nname = 'a'\nclass = 'platform'", "belongs to"),
            ("label = 'a'\nvalue = 'a'\nclass = 'claimed'", "belongs to"),
            ("label = 'a'\nnever = true\nclass = 'claimed'", "says why"),
            ("label = 'a'\nclass = 'claimed'\nregex = 'x'", "unknown field"),
            ("label = 'a'\nclass = 'cryptographic'", "unknown variant"),
            ("label = 'a'", "missing field"),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(complaint), "{text}: {refused}");
        }
    }

    #[test]
    fn text_is_compared_in_lower_case() {
        let signal = read("email = 'Codex@OpenAI.com'\nname = 'Codex'\nclass = 'claimed'").unwrap();
        assert_eq!(
            signal.sign,
            Sign::Email { address: "codex@openai.com".into(), name: Some("codex".into()) },
        );
    }
}
