//! Long lists, read from both ends and filled from the middle.
//!
//! A page holds 100 and its cursor is only known once the page before it was read, so a list of 300 would cost calls
//! one after another. Reading 100 from each end covers 200 at once; the cursors into the middle are remembered from
//! look to look, which keeps the number of calls flat while a list grows. Windows may overlap: members are told apart
//! by their own id, and a list is complete only when as many were seen as the forge counts.

use super::wire::PageInfo;

/// How many members a window holds.
const WINDOW: usize = 100;
/// A list may have grown since it was last counted: read one window too many rather than call again.
const GROWTH: usize = 20;

/// The windows into the middle of one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Middle {
    /// `cursors[i]` stands behind the first `100 * (i + 1)` members.
    cursors: Vec<String>,
    /// How many windows of the middle were read in this look.
    read: usize,
    /// How many members the list had when it was last counted.
    total: usize,
}

impl Middle {
    /// The same cursors for another look, in which nothing was read yet.
    pub(super) fn afresh(&self) -> Self {
        Self { read: 0, total: self.total.saturating_add(GROWTH), ..self.clone() }
    }

    /// The next windows to read, at most `most`, as cursors. Empty when both ends cover the list, when it is longer
    /// than `cap`, or when no further cursor is known.
    pub(super) fn next(&self, most: usize, cap: usize) -> Vec<String> {
        if self.total > cap.saturating_add(GROWTH) {
            return Vec::new();
        }
        let uncovered = self.total.saturating_sub(2 * WINDOW).div_ceil(WINDOW);
        let count = uncovered.saturating_sub(self.read).min(most);
        self.cursors.iter().skip(self.read).take(count).cloned().collect()
    }

    /// Notes how many members the list has and where its first window ends.
    pub(super) fn first(&mut self, total: usize, end: &PageInfo) {
        self.total = total;
        self.learn(0, end);
    }

    /// Notes that the next window of the middle was read and where it ends.
    pub(super) fn was_read(&mut self, end: &PageInfo) {
        self.read += 1;
        self.learn(self.read, end);
    }

    /// Whether the list is so long that its middle had to be read.
    pub(super) fn is_entered(&self) -> bool {
        self.total > 2 * WINDOW - GROWTH
    }

    fn learn(&mut self, at: usize, end: &PageInfo) {
        let Some(cursor) = end.end_cursor.clone().filter(|_| end.has_next_page) else {
            return;
        };
        if let Some(known) = self.cursors.get_mut(at) {
            *known = cursor;
        } else if self.cursors.len() == at {
            self.cursors.push(cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(cursor: &str) -> PageInfo {
        PageInfo { has_next_page: true, end_cursor: Some(cursor.into()) }
    }

    #[test]
    fn both_ends_cover_two_hundred() {
        let mut middle = Middle::default();
        middle.first(200, &end("c0"));
        assert!(middle.next(2, 1_000).is_empty());
        middle.first(201, &end("c0"));
        assert_eq!(middle.next(2, 1_000), ["c0"]);
    }

    #[test]
    fn cursors_are_learnt_window_by_window_and_kept_for_the_next_look() {
        let mut middle = Middle::default();
        middle.first(450, &end("c0"));
        assert_eq!(middle.next(2, 1_000), ["c0"]);
        middle.was_read(&end("c1"));
        assert_eq!(middle.next(2, 1_000), ["c1"]);
        middle.was_read(&end("c2"));
        assert_eq!(middle.next(2, 1_000), ["c2"]);
        middle.was_read(&PageInfo::default());
        assert!(middle.next(2, 1_000).is_empty());
        assert_eq!(middle.afresh().next(2, 1_000), ["c0", "c1"]);
    }

    #[test]
    fn a_list_beyond_the_cap_is_not_chased() {
        let mut middle = Middle::default();
        middle.first(5_000, &end("c0"));
        assert!(middle.next(2, 1_000).is_empty());
    }
}
