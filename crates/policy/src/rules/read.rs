//! Reads a TOML table key by key and complains about everything that is not as expected.
//!
//! Nothing is ignored in silence: a key that nobody asked for is an error, so no typo can switch a rule off.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::complaint::{Code, Complaints};

/// A value together with its byte range in the file.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table of the file, with the keys that nobody has asked for yet.
#[derive(Debug)]
pub(crate) struct Table<'v> {
    /// How people would call it: `agents.copilot`.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) span: Range<usize>,
    rest: BTreeMap<String, (Range<usize>, &'v Spanned<DeValue<'v>>)>,
    asked: Vec<&'static str>,
}

impl<'v> Table<'v> {
    pub(crate) fn new(name: impl Into<String>, span: Range<usize>, table: &'v DeTable<'v>) -> Self {
        let rest =
            table.iter().map(|(key, value)| (key.get_ref().to_string(), (key.span(), value))).collect();
        Self { name: name.into(), span, rest, asked: Vec::new() }
    }

    /// A value that must be a table, complained about otherwise.
    pub(crate) fn of(
        name: impl Into<String>,
        span: Range<usize>,
        value: &'v Spanned<DeValue<'v>>,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let name = name.into();
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(name, span, table)),
            other => {
                wrong_type(&name, "a table", other, value.span(), complaints);
                None
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(Range<usize>, &'v Spanned<DeValue<'v>>)> {
        self.asked.push(key);
        self.rest.remove(key)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Whether the key is there and was not asked for yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.rest.contains_key(key)
    }

    /// Where the value of a key stands, if it is there; does not count as asking for it.
    pub(crate) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.rest.get(key).map(|(_, value)| value.span())
    }

    /// Takes a key away unread, and says where it stood.
    pub(crate) fn discard(&mut self, key: &str) -> Option<Range<usize>> {
        self.rest.remove(key).map(|(span, _)| span)
    }

    /// Whether nothing is left in it that was not asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether the key is there and its value is such; does not count as asking for it.
    pub(crate) fn holds(&self, key: &str, such: impl Fn(&DeValue<'_>) -> bool) -> bool {
        self.rest.get(key).is_some_and(|(_, value)| such(value.get_ref()))
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str, complaints: &mut Complaints<'_>) -> Option<At<String>> {
        let (_, value) = self.take(key)?;
        text_of(&self.path(key), value, complaints)
    }

    /// A text that must be there.
    pub(crate) fn needed_text(
        &mut self,
        key: &'static str,
        help: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<String>> {
        if !self.has(key) {
            self.missing(key, help, complaints);
            self.asked.push(key);
            return None;
        }
        let text = self.text(key, complaints)?;
        if text.value.trim().is_empty() {
            complaints.error(Code::EmptyValue, text.span, format!("`{}` is empty", self.path(key)), help);
            return None;
        }
        Some(text)
    }

    /// Complains that a key is missing.
    pub(crate) fn missing(&self, key: &str, help: &str, complaints: &mut Complaints<'_>) {
        complaints.error(
            Code::MissingKey,
            self.span.clone(),
            format!("`{}` is missing", self.path(key)),
            help,
        );
    }

    /// A list of texts; a single text counts as a list of one.
    pub(crate) fn texts(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<Vec<At<String>>>> {
        let values = self.values(key, complaints)?;
        let path = self.path(key);
        let texts = values.value.iter().filter_map(|value| text_of(&path, value, complaints)).collect();
        Some(At { value: texts, span: values.span })
    }

    /// A list of texts that may be empty: none at all is meant.
    pub(crate) fn texts_or_none(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<Vec<At<String>>>> {
        let values = self.values_or_none(key)?;
        let path = self.path(key);
        let texts = values.value.iter().filter_map(|value| text_of(&path, value, complaints)).collect();
        Some(At { value: texts, span: values.span })
    }

    fn values_or_none(&mut self, key: &'static str) -> Option<At<Vec<&'v Spanned<DeValue<'v>>>>> {
        let (_, value) = self.take(key)?;
        let values = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            _ => vec![value],
        };
        Some(At { value: values, span: value.span() })
    }

    /// A list of anything; a single value counts as a list of one.
    pub(crate) fn values(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<Vec<&'v Spanned<DeValue<'v>>>>> {
        let values = self.values_or_none(key)?;
        if values.value.is_empty() {
            complaints.error(
                Code::EmptyValue,
                values.span,
                format!("`{}` is an empty list", self.path(key)),
                "An empty list matches nothing. Name at least one, or remove the key.",
            );
            return None;
        }
        Some(values)
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        most: u64,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<u64>> {
        let (_, value) = self.take(key)?;
        number_of(&self.path(key), value, most, complaints)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str, complaints: &mut Complaints<'_>) -> Option<At<bool>> {
        let (_, value) = self.take(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(At { value: *flag, span: value.span() }),
            other => {
                wrong_type(&self.path(key), "`true` or `false`", other, value.span(), complaints);
                None
            }
        }
    }

    /// A date, such as `2027-03-31`.
    pub(crate) fn date(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Option<At<Datetime>> {
        let (_, value) = self.take(key)?;
        match value.get_ref() {
            DeValue::Datetime(date) => Some(At { value: *date, span: value.span() }),
            other => {
                let expected = "a date without quotes, such as `2027-03-31`";
                wrong_type(&self.path(key), expected, other, value.span(), complaints);
                None
            }
        }
    }

    /// A table below this one.
    pub(crate) fn table(&mut self, key: &'static str, complaints: &mut Complaints<'_>) -> Option<Table<'v>> {
        let (span, value) = self.take(key)?;
        Table::of(self.path(key), span, value, complaints)
    }

    /// Tables by name below this one: `[agents.NAME]`.
    pub(crate) fn named_tables(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Vec<(String, Table<'v>)> {
        let Some(parent) = self.table(key, complaints) else { return Vec::new() };
        let tables = parent.rest.into_iter().filter_map(|(name, (span, value))| {
            let table = Table::of(format!("{key}.{name}"), span, value, complaints)?;
            Some((name, table))
        });
        tables.collect()
    }

    /// Whole numbers from 0 to `most` by names that the file gives; `None` for what is no such number. Ends the reading.
    pub(crate) fn numbers(
        self,
        most: u64,
        complaints: &mut Complaints<'_>,
    ) -> Vec<(String, Range<usize>, Option<u64>)> {
        let path = |key: &str| self.path(key);
        let read = |(key, (span, value)): (&String, &(Range<usize>, &Spanned<DeValue<'_>>))| {
            let number = number_of(&path(key), value, most, complaints).map(|number| number.value);
            (key.clone(), span.clone(), number)
        };
        self.rest.iter().map(read).collect()
    }

    /// Ends the reading: whatever nobody asked for is an error.
    pub(crate) fn finish(self, complaints: &mut Complaints<'_>) {
        for (key, (span, _)) in &self.rest {
            let help = match nearest(key, &self.asked) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known here: {}.", list(&self.asked)),
            };
            let message = if self.name.is_empty() {
                format!("unknown key `{}`", key.escape_debug())
            } else {
                format!("unknown key `{}` in `{}`", key.escape_debug(), self.name.escape_debug())
            };
            complaints.error(Code::UnknownKey, span.clone(), message, help);
        }
    }
}

/// The text of a value, complained about when it is none.
pub(crate) fn text_of(
    path: &str,
    value: &Spanned<DeValue<'_>>,
    complaints: &mut Complaints<'_>,
) -> Option<At<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(At { value: text.to_string(), span: value.span() }),
        other => {
            wrong_type(path, "a text in quotes", other, value.span(), complaints);
            None
        }
    }
}

/// A whole number from 0 to `most`, complained about when it is none.
pub(crate) fn number_of(
    path: &str,
    value: &Spanned<DeValue<'_>>,
    most: u64,
    complaints: &mut Complaints<'_>,
) -> Option<At<u64>> {
    let DeValue::Integer(number) = value.get_ref() else {
        wrong_type(path, "a whole number", value.get_ref(), value.span(), complaints);
        return None;
    };
    match u64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) if number <= most => Some(At { value: number, span: value.span() }),
        _ => {
            complaints.error(
                Code::BadValue,
                value.span(),
                format!("`{path}` must be a whole number from 0 to {most}"),
                "Use a number in that range.",
            );
            None
        }
    }
}

/// Complains about a value of another type than expected.
pub(crate) fn wrong_type(
    path: &str,
    expected: &str,
    found: &DeValue<'_>,
    span: Range<usize>,
    complaints: &mut Complaints<'_>,
) {
    complaints.error(
        Code::WrongType,
        span,
        format!("`{}` must be {expected}, not {}", path.escape_debug(), kind(found)),
        format!("Write {expected} here."),
    );
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// `a`, `b` and `c`.
pub(crate) fn list<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => format!("`{}`", one.as_ref()),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|name| format!("`{}`", name.as_ref())).collect();
            format!("{} and `{}`", most.join(", "), last.as_ref())
        }
    }
}

/// `a`, `b` or `c`.
pub(crate) fn quoted_or<T: std::fmt::Display>(names: &[T]) -> String {
    let names: Vec<String> =
        names.iter().map(|name| format!("`{}`", crate::verdict::quoted(&name.to_string()))).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// The known name that was probably meant.
#[must_use]
pub fn nearest<T: AsRef<str>>(name: &str, known: &[T]) -> Option<String> {
    let budget = if name.len() < 5 { 1 } else { 2 };
    let scored = known.iter().map(|known| (distance(name, known.as_ref()), known.as_ref()));
    scored.filter(|(edits, _)| *edits <= budget).min().map(|(_, known)| known.to_owned())
}

/// Edits between two short names (Levenshtein); long ones count as far apart.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let substitute = row.get(j).copied().unwrap_or(0) + usize::from(x != *y);
            let delete = row.get(j + 1).copied().unwrap_or(0) + 1;
            let insert = next.get(j).copied().unwrap_or(0) + 1;
            next.push(substitute.min(delete).min(insert));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
