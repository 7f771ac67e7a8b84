//! What descriptions and commit messages say of agents: `Key: value` lines, links, generated markers.
//!
//! Lines are searched wherever they stand and not only in the last paragraph: squashing and quoting move them about,
//! and a claim more can only raise scrutiny.

use change::Commit;

use super::party::{Party, Role, Vouched};
use super::{Place, Search};
use crate::identity::address::mailbox;
use crate::verdict::quoted;

/// How much text is searched in all. Descriptions have at most 65,536 characters and kept messages 16 KiB.
pub(super) const TEXT_BUDGET: usize = 8 * 1024 * 1024;

impl Search {
    /// The signs in a commit's message, and the people that it names.
    pub(super) fn message<'a>(&mut self, commit: &'a Commit) -> Vec<Party<'a>> {
        let place = Place::Commit(commit.oid.clone());
        let mut parties = Vec::new();
        // Trailers were read from the whole message, which may be longer than what is kept of it.
        for trailer in &commit.trailers {
            if !self.afford(trailer.key.len().saturating_add(trailer.value.len())) {
                return parties;
            }
            parties.extend(self.line(&trailer.key, &trailer.value, &place));
        }
        if !self.afford(commit.message.len()) {
            return parties;
        }
        let subject = commit.message.trim_start().lines().next().unwrap_or_default();
        for at in self.catalogue.index().subject(subject) {
            self.claimed(&place, at, &format!("subject `{}`", quoted(subject)));
        }
        parties.extend(self.text(&commit.message, &place));
        parties
    }

    /// The signs in the description, and those of the people that it names.
    pub(super) fn body(&mut self, body: &str) {
        if !self.afford(body.len()) {
            return;
        }
        for party in self.text(body, &Place::Body) {
            self.party(&party, Vouched::default(), &Place::Body);
        }
    }

    fn text<'a>(&mut self, text: &'a str, place: &Place) -> Vec<Party<'a>> {
        let small = text.to_ascii_lowercase();
        for (part, at) in self.catalogue.index().text(&small) {
            self.claimed(place, at, &format!("text `{}`", quoted(part)));
        }
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        // Quoted and listed lines are how a squash carries the messages it replaces.
        let lines =
            lines.map(|(key, value)| (key.trim_start_matches([' ', '\t', '>', '*', '-']).trim_end(), value));
        let lines = lines.filter(|(key, _)| is_key(key));
        lines.filter_map(|(key, value)| self.line(key, value.trim(), place)).collect()
    }

    /// One `Key: value` line: its own signs, and the person that it names.
    fn line<'a>(&mut self, key: &str, value: &'a str, place: &Place) -> Option<Party<'a>> {
        for at in self.catalogue.index().trailer(key, value) {
            self.claimed(place, at, &format!("line `{}: {}`", quoted(key), quoted(value)));
        }
        let role = match key.to_ascii_lowercase().as_str() {
            "co-authored-by" | "authored-by" | "assisted-by" | "generated-by" => Role::CoAuthor,
            "signed-off-by" => Role::SignedOff,
            _ => return None,
        };
        mailbox(value).map(|(name, address)| Party::new(role, name, address))
    }

    /// Takes the bytes from the budget; once it is used up nothing is searched in part.
    fn afford(&mut self, bytes: usize) -> bool {
        if let Some(left) = self.budget.checked_sub(bytes) {
            self.budget = left;
            return true;
        }
        let why = format!("there is more text than the {TEXT_BUDGET} bytes that are searched");
        if !self.unseen.contains(&why) {
            self.unseen.push(why);
        }
        false
    }
}

/// Whether the text could be the key of a trailer (git-interpret-trailers: letters, digits and hyphens).
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
