//! Numbers for the names that stand in patterns.
//!
//! A hash table without a seed, for the standard one has no place in the core: it need not withstand anybody, because
//! the names in it are the patterns' own, and what is looked up is never put in.

/// Names with a number each, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    words: Vec<Box<[u8]>>,
    /// At least twice as many as words, a power of two; a word stands in the first free one from its hash on.
    slots: Vec<Option<usize>>,
}

impl Words {
    /// The number of a word that is known.
    pub(super) fn get(&self, word: &[u8]) -> Option<usize> {
        self.walk(word).find_map(|slot| match self.slots.get(slot).copied().flatten() {
            None => Some(None),
            Some(number) => (self.words.get(number)?[..] == *word).then_some(Some(number)),
        })?
    }

    /// The number of a word, a new one when it is not known.
    pub(super) fn number(&mut self, word: &[u8]) -> usize {
        if let Some(number) = self.get(word) {
            return number;
        }
        let number = self.words.len();
        self.words.push(word.into());
        if self.words.len() * 2 > self.slots.len() {
            self.slots = vec![None; (self.words.len() * 4).next_power_of_two()];
            (0..=number).for_each(|number| self.place(number));
        } else {
            self.place(number);
        }
        number
    }

    fn place(&mut self, number: usize) {
        let Some(word) = self.words.get(number) else { return };
        let free = self.walk(word).find(|slot| self.slots.get(*slot) == Some(&None));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = Some(number);
        }
    }

    /// Every slot once, from the word's own on.
    fn walk(&self, word: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let count = self.slots.len();
        let first = hash(word);
        (0..count).map(move |step| first.wrapping_add(step) & (count - 1))
    }
}

/// Eight bytes at a time.
fn hash(word: &[u8]) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, eight: u64| (hash ^ eight).wrapping_mul(ODD).rotate_left(29);
    let (eights, rest) = word.as_chunks();
    let hash = eights.iter().fold(word.len() as u64, |hash, eight| mix(hash, u64::from_le_bytes(*eight)));
    let hash = mix(hash, rest.iter().fold(0, |eight, byte| eight << 8 | u64::from(*byte)));
    (hash.wrapping_mul(ODD) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_its_own_number() {
        let names: Vec<String> = (0..1000).map(|number| format!("name-{number}")).collect();
        let mut words = Words::default();
        assert_eq!(words.get(b""), None);
        for _ in 0..2 {
            for (number, name) in names.iter().enumerate() {
                assert_eq!(words.number(name.as_bytes()), number);
            }
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(words.get(name.as_bytes()), Some(number));
            assert_eq!(words.get(format!("{name}x").as_bytes()), None);
        }
    }
}
