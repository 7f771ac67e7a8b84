//! The people that commits name: authors, co-authors, committers, those who signed off.
//!
//! Names, addresses and the accounts that the forge links them to are claims. One thing is proof: GitHub signs a commit
//! for an App only when the App made it through the API and set no author of its own (GitHub docs, "About commit
//! signature verification"), so its signature vouches for the number in the author's address.

use std::collections::{BTreeMap, BTreeSet};

use change::{Change, Ident};

use super::{Place, Search, Trace, bounded};
use crate::facts::{CommitIdentity, Fact, Linked, Person, Pull};
use crate::identity::address::{Noreply, is_bot_name, normal};
use crate::identity::index::At;
use crate::ids::{Sha, UserId};
use crate::verdict::{EvidenceClass, quoted};

/// GitHub's own identity for what people do at its web pages.
const WEB_FLOW: &str = "noreply@github.com";

/// What somebody did, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Party<'a> {
    pub(super) role: Role,
    pub(super) name: &'a str,
    /// In the form in which addresses are compared.
    pub(super) address: String,
}

/// What somebody had to do with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Author,
    Committer,
    CoAuthor,
    SignedOff,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Committer => "committer",
            Self::CoAuthor => "co-author",
            Self::SignedOff => "signed off by",
        }
    }
}

/// What the forge adds to a claimed identity.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Vouched<'a> {
    /// The account that it links the address to. Still a claim.
    account: Option<&'a Linked>,
    /// Its own signature, which vouches for the author.
    signed: bool,
}

/// The people of one commit, each once, whether the forge told of them or git or both.
type Parties<'a> = BTreeMap<Party<'a>, Vouched<'a>>;

/// One entry that a party matches: by account or not.
#[derive(Debug, Default)]
struct Hits {
    by_entry: BTreeMap<Option<At>, Option<UserId>>,
}

impl Search {
    /// The people, signatures and messages of every commit.
    pub(super) fn commits(&mut self, pull: &Pull) {
        let mut commits: BTreeMap<&Sha, Parties<'_>> = BTreeMap::new();
        match &pull.commits {
            Fact::Known(listed) => {
                for commit in listed {
                    self.signer(commit);
                    listed_parties(commits.entry(&commit.oid).or_default(), commit);
                }
            }
            Fact::Unknown(why) => {
                self.unseen.push(format!("what the forge says of the commits is not known: {why}"))
            }
        }
        match &pull.change {
            Fact::Known(change) => self.messages(change, &mut commits),
            Fact::Unknown(why) => self.unseen.push(format!("the commits themselves are not known: {why}")),
        }
        for (oid, parties) in &commits {
            for (party, vouched) in parties {
                self.party(party, *vouched, &Place::Commit((*oid).clone()));
            }
        }
    }

    fn messages<'a>(&mut self, change: &'a Change, commits: &mut BTreeMap<&'a Sha, Parties<'a>>) {
        for commit in &change.commits {
            let parties = commits.entry(&commit.oid).or_default();
            for (role, ident) in [(Role::Author, &commit.author), (Role::Committer, &commit.committer)] {
                parties.entry(Party::of(role, ident)).or_default();
            }
            for party in self.message(commit) {
                parties.entry(party).or_default();
            }
        }
    }

    /// Every entry that one party matches, each once; or the party as an unknown bot.
    pub(super) fn party(&mut self, party: &Party<'_>, vouched: Vouched<'_>, place: &Place) {
        if party.address == WEB_FLOW {
            return;
        }
        let noreply = Noreply::parse(&party.address);
        let hits = self.hits(party, noreply.as_ref(), vouched.account);
        let login = noreply.as_ref().map(|noreply| noreply.login.clone());
        let login = login.or_else(|| vouched.account.map(|account| account.login.clone()));
        let login = login.or_else(|| is_bot_name(party.name).then(|| party.name.to_owned()));
        let carried = noreply.and_then(|noreply| noreply.id);
        let seen = bounded(&format!(
            "{} `{} <{}>`",
            party.role.as_str(),
            quoted(party.name),
            quoted(&party.address)
        ));
        for (at, user_id) in hits.by_entry {
            // The signature vouches for the number, not for the name beside it.
            let numbered =
                user_id.is_some_and(|id| carried == Some(id) && self.catalogue.index().user(id) == at);
            let proven = vouched.signed && numbered;
            self.found.insert(Trace {
                class: if proven { EvidenceClass::Cryptographic } else { EvidenceClass::Claimed },
                place: place.clone(),
                catalogue: at.and_then(|at| self.catalogue.at(at)).map(|entry| entry.id.as_str()),
                user_id,
                login: login.clone(),
                seen: seen.clone(),
            });
        }
    }

    /// By number first; then by address and name; by login only where no whole address says more.
    fn hits(&self, party: &Party<'_>, noreply: Option<&Noreply>, account: Option<&Linked>) -> Hits {
        let index = self.catalogue.index();
        let mut hits = Hits::default();
        let carried = noreply.and_then(|noreply| noreply.id);
        for id in [carried, account.map(|account| account.id)].into_iter().flatten() {
            if let Some(at) = index.user(id) {
                hits.by_entry.entry(Some(at)).or_insert(Some(id));
            }
        }
        let known = !hits.by_entry.is_empty();
        let by_address: BTreeSet<At> = index.mailbox(party.name, &party.address).collect();
        for at in by_address.iter().copied().chain(index.name(party.name)) {
            hits.by_entry.entry(Some(at)).or_default();
        }
        // A number without `[bot]` beside it is a person's unless it is listed; only bots are looked up by name.
        let in_address = noreply.map(|noreply| noreply.login.as_str()).filter(|login| is_bot_name(login));
        let in_name = Some(party.name).filter(|name| is_bot_name(name));
        let linked = account.map(|account| account.login.as_str());
        let stranger = carried.or(account.map(|account| account.id)).filter(|_| !known);
        if by_address.is_empty() {
            for at in
                [in_address, in_name, linked].into_iter().flatten().filter_map(|login| index.login(login))
            {
                hits.by_entry.entry(Some(at)).or_insert(stranger);
            }
        }
        let is_bot = in_address.is_some() || in_name.is_some() || linked.is_some_and(is_bot_name);
        // Another number under a known name may be somebody else: both are told, and the number with both.
        if is_bot && !known && (stranger.is_some() || hits.by_entry.is_empty()) {
            hits.by_entry.insert(None, stranger);
        }
        hits
    }

    /// A known agent's own key.
    fn signer(&mut self, commit: &CommitIdentity) {
        let Some(signature) =
            commit.signature.as_ref().filter(|signature| signature.valid && !signature.by_github)
        else {
            return;
        };
        let Some(signer) = &signature.signer else { return };
        let entry = self.catalogue.by_user_id(signer.id);
        if entry.is_some() || is_bot_name(&signer.login) {
            self.found.insert(Trace {
                class: EvidenceClass::Cryptographic,
                place: Place::Commit(commit.oid.clone()),
                catalogue: entry.map(|entry| entry.id.as_str()),
                user_id: Some(signer.id),
                login: Some(signer.login.clone()),
                seen: bounded(&format!("signed by `{}` (id {})", quoted(&signer.login), signer.id)),
            });
        }
    }
}

impl<'a> Party<'a> {
    pub(super) fn new(role: Role, name: &'a str, address: &str) -> Self {
        Self { role, name: name.trim(), address: normal(address) }
    }

    fn of(role: Role, ident: &'a Ident) -> Self {
        Self::new(role, &ident.name, &ident.email)
    }
}

fn listed_parties<'a>(parties: &mut Parties<'a>, commit: &'a CommitIdentity) {
    let by_github = commit.signature.as_ref().is_some_and(|signature| signature.valid && signature.by_github);
    let mut add = |role, person: &'a Person| {
        let vouched = parties.entry(Party::new(role, &person.name, &person.email)).or_default();
        vouched.account = vouched.account.or(person.account.as_ref());
        vouched.signed |= by_github && role == Role::Author;
    };
    // The author first, then co-authors.
    for (position, person) in commit.authors.iter().enumerate() {
        add(if position == 0 { Role::Author } else { Role::CoAuthor }, person);
    }
    if let Some(committer) = &commit.committer {
        add(Role::Committer, committer);
    }
}
