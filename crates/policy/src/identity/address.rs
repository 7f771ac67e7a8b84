//! What a claimed name and address say about the account behind them.
//!
//! GitHub gives every account the address `ID+login@users.noreply.github.com`, and older ones `login@…` without a
//! number (GitHub docs, "Setting your commit email address"). The number identifies; anybody may write it.

use crate::ids::UserId;

const NOREPLY: &str = "@users.noreply.github.com";
const BOT: &str = "[bot]";

/// The parts of one of GitHub's noreply addresses, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noreply {
    /// The account's number; old addresses carry none.
    pub id: Option<UserId>,
    /// The login beside it, which may be any text.
    pub login: String,
}

impl Noreply {
    /// Takes one of GitHub's noreply addresses apart.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let address = normal(address);
        let local = address.strip_suffix(NOREPLY)?;
        if local.is_empty() || local.contains('@') {
            return None;
        }
        let Some((digits, login)) = local.split_once('+') else {
            return Some(Self { id: None, login: local.to_owned() });
        };
        let numeric = !login.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let id = digits.parse().ok().filter(|_| numeric).map(UserId);
        Some(Self { id, login: login.to_owned() })
    }
}

/// An address in the form in which addresses are compared: without brackets and space, in lower case.
#[must_use]
pub fn normal(address: &str) -> String {
    address.trim_matches(|c: char| c == '<' || c == '>' || c.is_whitespace()).to_ascii_lowercase()
}

/// Whether a login or name is that of an App's account, `something[bot]`. People's logins hold no brackets.
#[must_use]
pub fn is_bot_name(name: &str) -> bool {
    bot_stem(name).is_some_and(|stem| !stem.is_empty())
}

/// `something` of `something[bot]`, whatever the case of `[bot]`.
pub(crate) fn bot_stem(name: &str) -> Option<&str> {
    let name = name.trim();
    let (stem, suffix) = name.split_at_checked(name.len().checked_sub(BOT.len())?)?;
    suffix.eq_ignore_ascii_case(BOT).then_some(stem)
}

/// Takes `Name <address>` apart; text without an address is no mailbox.
#[must_use]
pub fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.rsplit_once('<')?;
    let (address, _) = rest.split_once('>').unwrap_or((rest, ""));
    (!address.trim().is_empty()).then(|| (name.trim(), address.trim()))
}

/// Whether the text begins with the words, in any case, and does not run on as a longer word.
#[must_use]
pub fn begins_with_words(text: &str, words: &str) -> bool {
    let text = text.trim_start();
    let Some((head, rest)) = text.split_at_checked(words.len()) else { return false };
    head.eq_ignore_ascii_case(words) && !rest.starts_with(|c: char| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noreply_address_carries_the_number() {
        let check = |text: &str, id: Option<u64>, login: &str| {
            assert_eq!(
                Noreply::parse(text),
                Some(Noreply { id: id.map(UserId), login: login.into() }),
                "{text}"
            );
        };
        check("198982749+Copilot@users.noreply.github.com", Some(198_982_749), "copilot");
        check(" <49699333+dependabot[bot]@Users.NoReply.GitHub.com> ", Some(49_699_333), "dependabot[bot]");
        check("claude[bot]@users.noreply.github.com", None, "claude[bot]");
        check("+1+x@users.noreply.github.com", None, "1+x");
        check("1x+y@users.noreply.github.com", None, "y");
        check("99999999999999999999999+y@users.noreply.github.com", None, "y");
        check("12+@users.noreply.github.com", None, "");
    }

    #[test]
    fn other_addresses_carry_none() {
        for text in [
            "",
            "@users.noreply.github.com",
            "1+x@users.noreply.github.com.evil.example",
            "1+x@github.com",
            "1+x",
        ] {
            assert_eq!(Noreply::parse(text), None, "{text}");
        }
        assert_eq!(Noreply::parse("1+x@y@users.noreply.github.com"), None);
    }

    #[test]
    fn only_apps_are_called_bot_in_brackets() {
        assert!(is_bot_name("renovate[bot]") && is_bot_name("Evil[BOT] "));
        assert!(
            !is_bot_name("[bot]")
                && !is_bot_name("robot")
                && !is_bot_name("a [bot] maker")
                && !is_bot_name("é")
        );
    }

    #[test]
    fn a_mailbox_ends_in_an_address() {
        assert_eq!(mailbox("Claude <noreply@anthropic.com>"), Some(("Claude", "noreply@anthropic.com")));
        assert_eq!(mailbox("A <B> <c@d.example> trailing"), Some(("A <B>", "c@d.example")));
        assert_eq!(mailbox("<a@b.example"), Some(("", "a@b.example")));
        assert_eq!(mailbox("Claude"), None);
        assert_eq!(mailbox("Claude <>"), None);
    }

    #[test]
    fn words_are_whole() {
        assert!(begins_with_words("Codex", "codex") && begins_with_words(" codex (GPT 5)", "Codex"));
        assert!(!begins_with_words("Codexter", "codex") && !begins_with_words("my codex", "codex"));
        assert!(!begins_with_words("é", "e"));
    }
}
