//! Many patterns matched at once, by walking a path part by part down a tree of what the patterns say of each.
//!
//! The time depends on the path and on the patterns that it comes near to, not on how many there are: each name is looked
//! up once for all nodes, and names with something open in them are tried only where their beginning or their extension
//! fits. No state is built while matching and no hash is seeded, so the same path costs the same every time.

use std::collections::BTreeMap;

use super::atom::{Atom, Part, byte};
use super::words::Words;

/// The place of a node; the root is the first.
type At = usize;
const ROOT: At = 0;

/// A tree of patterns.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Every name and extension that stands in a pattern, with a number.
    words: Words,
    /// Whether something follows a name with something open in it; else only the last name can be one.
    open_inside: bool,
}

/// What a number leads to.
type Numbered<T> = BTreeMap<usize, T>;

#[derive(Debug, Clone, Default)]
struct Node {
    /// Stays with every further part: what follows a `**`.
    is_deep: bool,
    /// Where a `**` from here leads.
    deep: Option<At>,
    names: Numbered<At>,
    wilds: Wilds,
    /// Patterns that end here.
    ends: Vec<usize>,
    /// Patterns that end with `**` from here: they match whatever is below.
    below: Vec<usize>,
}

/// Names with something open in them, where they are quickly ruled out.
#[derive(Debug, Clone, Default)]
struct Wilds {
    /// What follows the last dot is known, and often the byte before it.
    by_extension: Numbered<Vec<(Wild, At)>>,
    /// The first byte is known.
    by_first: Numbered<Vec<(Wild, At)>>,
    others: Vec<(Wild, At)>,
    /// All of them, to be found again.
    known: BTreeMap<Wild, At>,
}

/// A name with something open in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wild {
    head: Vec<u8>,
    middle: Vec<Atom>,
    tail: Vec<u8>,
}

/// Walks of one tree, one path after another. What leads to a folder is remembered for the next path, because changes
/// list the files of a folder together.
#[derive(Debug)]
pub(super) struct Walk<'t> {
    tree: &'t Tree,
    /// The folder that was walked last, with its `/`.
    folder: Vec<u8>,
    /// Where that led.
    there: Vec<At>,
    found_there: Vec<usize>,
    here: Vec<At>,
    next: Vec<At>,
    found: Vec<usize>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], words: Words::default(), open_inside: false }
    }

    /// Adds one alternative of a pattern.
    pub(super) fn add(&mut self, parts: Vec<Part>, pattern: usize) {
        let mut at = ROOT;
        let last = parts.len().saturating_sub(1);
        for (place, part) in parts.into_iter().enumerate() {
            match part {
                Part::Deep if place == last => return self.node(at, |node| node.below.push(pattern)),
                // Any number of parts twice is any number of parts.
                Part::Deep if self.nodes.get(at).is_some_and(|node| node.is_deep) => {}
                part => {
                    self.open_inside |= place < last && matches!(part, Part::Wild(_));
                    at = self.child(at, part);
                }
            }
        }
        self.node(at, |node| node.ends.push(pattern));
    }

    fn node(&mut self, at: At, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(at) {
            change(node);
        }
    }

    /// The node that a part leads to, made when it is not there.
    fn child(&mut self, at: At, part: Part) -> At {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return ROOT };
        let is_deep = part == Part::Deep;
        let child = match part {
            Part::Deep => *node.deep.get_or_insert(new),
            Part::Name(name) => *node.names.entry(self.words.number(&name)).or_insert(new),
            Part::Wild(atoms) => node.wilds.place(Wild::new(&atoms), &mut self.words, new),
        };
        if child == new {
            self.nodes.push(Node { is_deep, ..Node::default() });
        }
        child
    }

    /// Starts to walk.
    pub(super) fn walk(&self) -> Walk<'_> {
        let mut walk = Walk {
            tree: self,
            folder: Vec::new(),
            there: Vec::new(),
            found_there: Vec::new(),
            here: Vec::new(),
            next: Vec::new(),
            found: Vec::new(),
        };
        self.enter(ROOT, &mut walk.there);
        walk
    }

    fn last_name<'p>(&self, bytes: &'p [u8]) -> Name<'p> {
        let number = |word: &[u8]| self.words.get(word);
        let extension = extension(bytes).and_then(|(before, word)| Some((before, number(word)?)));
        Name { bytes, word: number(bytes), may_be_open: true, extension }
    }

    /// The name of a folder, which has something below it.
    fn inner_name<'p>(&self, bytes: &'p [u8]) -> Name<'p> {
        if self.open_inside {
            return self.last_name(bytes);
        }
        Name { bytes, word: self.words.get(bytes), may_be_open: false, extension: None }
    }

    /// Where one more part leads from a node.
    fn step(&self, (at, node): (At, &Node), name: &Name<'_>, next: &mut Vec<At>, found: &mut Vec<usize>) {
        found.extend_from_slice(&node.below);
        if node.is_deep && !next.contains(&at) {
            next.push(at);
        }
        if let Some(child) = name.word.and_then(|word| node.names.get(&word)) {
            self.enter(*child, next);
        }
        if name.may_be_open {
            node.wilds.fitting(name, |child| self.enter(child, next));
        }
    }

    /// Stands on a node, and on what a `**` without any part leads to.
    fn enter(&self, at: At, into: &mut Vec<At>) {
        into.push(at);
        let deep = self.nodes.get(at).and_then(|node| node.deep);
        into.extend(deep.filter(|deep| !into.contains(deep)));
    }
}

impl Walk<'_> {
    /// The patterns that match, ascending, each once.
    pub(super) fn matching(&mut self, path: &[u8]) -> &mut Vec<usize> {
        let (folder, last) = path.split_at(path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1));
        if folder != self.folder {
            self.go_to(folder);
        }
        self.here.clone_from(&self.there);
        self.found.clone_from(&self.found_there);
        self.step(&self.tree.last_name(last));
        for node in self.here.iter().filter_map(|at| self.tree.nodes.get(*at)) {
            self.found.extend_from_slice(&node.ends);
        }
        if self.found.len() > 1 {
            self.found.sort_unstable();
            self.found.dedup();
        }
        &mut self.found
    }

    /// Walks to a folder from the top.
    fn go_to(&mut self, folder: &[u8]) {
        self.folder.clear();
        self.folder.extend_from_slice(folder);
        self.here.clear();
        self.found.clear();
        self.tree.enter(ROOT, &mut self.here);
        if let Some(names) = folder.strip_suffix(b"/") {
            names.split(|byte| *byte == b'/').for_each(|name| self.step(&self.tree.inner_name(name)));
        }
        self.there.clone_from(&self.here);
        self.found_there.clone_from(&self.found);
    }

    fn step(&mut self, name: &Name<'_>) {
        self.next.clear();
        for at in &self.here {
            if let Some(node) = self.tree.nodes.get(*at) {
                self.tree.step((*at, node), name, &mut self.next, &mut self.found);
            }
        }
        std::mem::swap(&mut self.here, &mut self.next);
    }
}

impl Wilds {
    /// Keeps a wild name, unless it is there already; tells where it leads.
    fn place(&mut self, wild: Wild, words: &mut Words, new: At) -> At {
        if let Some(child) = self.known.get(&wild) {
            return *child;
        }
        self.known.insert(wild.clone(), new);
        let list = if let Some((before, extension)) = extension(&wild.tail) {
            self.by_extension.entry(ending(words.number(extension), before)).or_default()
        } else if let Some(first) = wild.head.first() {
            self.by_first.entry(usize::from(*first)).or_default()
        } else {
            &mut self.others
        };
        list.push((wild, new));
        new
    }

    fn fitting(&self, name: &Name<'_>, mut lead: impl FnMut(At)) {
        let of_ending = |before| move |extension| self.by_extension.get(&ending(extension, before));
        let (before, extension) = name.extension.unzip();
        let by_extension = extension.and_then(of_ending(None)).into_iter().flatten();
        let by_ending = before.flatten().and_then(|before| extension.and_then(of_ending(Some(before))));
        let by_first = name.bytes.first().and_then(|first| self.by_first.get(&usize::from(*first)));
        let likely = by_ending.into_iter().chain(by_first).chain([&self.others]).flatten();
        for (wild, child) in by_extension.chain(likely) {
            if wild.fits(name.bytes) {
                lead(*child);
            }
        }
    }
}

/// A part of a path that is being matched.
struct Name<'p> {
    bytes: &'p [u8],
    /// Its number, when it stands in a pattern.
    word: Option<usize>,
    may_be_open: bool,
    /// The byte before its last dot and the number of its extension, when that stands in a pattern.
    extension: Option<(Option<u8>, usize)>,
}

/// The byte before the last dot and what follows it, when there is one.
fn extension(name: &[u8]) -> Option<(Option<u8>, &[u8])> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let before = dot.checked_sub(1).and_then(|at| name.get(at)).copied();
    Some((before, name.get(dot + 1..)?))
}

/// An extension and the byte before its dot as one number.
fn ending(extension: usize, before: Option<u8>) -> usize {
    extension * 257 + before.map_or(256, usize::from)
}

impl Wild {
    fn new(atoms: &[Atom]) -> Self {
        let head: Vec<u8> = atoms.iter().map_while(byte).collect();
        let open = atoms.get(head.len()..).unwrap_or_default();
        let mut tail: Vec<u8> = open.iter().rev().map_while(byte).collect();
        tail.reverse();
        let middle = open.get(..open.len() - tail.len()).unwrap_or_default().to_vec();
        Self { head, middle, tail }
    }

    fn fits(&self, name: &[u8]) -> bool {
        let open = name.strip_prefix(&self.head[..]).and_then(|rest| rest.strip_suffix(&self.tail[..]));
        open.is_some_and(|open| matches!(self.middle[..], [Atom::Many]) || fits(&self.middle, open))
    }
}

/// Steps back to the last `*` only: an earlier one could take no more than that one can.
fn fits(mut atoms: &[Atom], mut name: &[u8]) -> bool {
    let mut retry: Option<(&[Atom], &[u8])> = None;
    loop {
        match (atoms, name) {
            ([Atom::Many, rest @ ..], name) => {
                retry = Some((rest, name));
                atoms = rest;
            }
            ([atom, more @ ..], [byte, left @ ..]) if takes(atom, *byte) => (atoms, name) = (more, left),
            ([], []) => return true,
            _ => match retry {
                Some((rest, [_, left @ ..])) => {
                    retry = Some((rest, left));
                    (atoms, name) = (rest, left);
                }
                _ => return false,
            },
        }
    }
}

fn takes(atom: &Atom, byte: u8) -> bool {
    match atom {
        Atom::Byte(wanted) => *wanted == byte,
        Atom::Any => true,
        Atom::Set(set) => set.has(byte),
        Atom::Many | Atom::Deep => false,
    }
}
