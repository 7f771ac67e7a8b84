//! Connections: windows on a list, with GitHub's rules for `first`, `last` and cursors.
//!
//! A window has at most 100 nodes and must be bounded; cursors are opaque to the client.
//! <https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::walk::{Arguments, Got, Node, Trouble};

/// The most nodes in a window.
const MOST: u64 = 100;

type Make<'w> = Box<dyn Fn(usize) -> Got<'w> + 'w>;

struct Connection<'w> {
    typename: &'static str,
    total: usize,
    from: usize,
    to: usize,
    make: Make<'w>,
}

/// A list behind a connection: how long it is, and its nodes.
pub(super) struct List<'w> {
    pub(super) typename: &'static str,
    pub(super) total: usize,
    pub(super) make: Make<'w>,
}

impl<'w> List<'w> {
    pub(super) fn new<T: 'w>(
        typename: &'static str,
        items: Vec<T>,
        make: impl Fn(&T) -> Got<'w> + 'w,
    ) -> Self {
        let total = items.len();
        let make = move |index: usize| items.get(index).map_or(Got::Nothing, &make);
        Self { typename, total, make: Box::new(make) }
    }

    /// The window that the arguments ask for.
    pub(super) fn window(self, field: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (first, last) = (arguments.take("first"), arguments.take("last"));
        let (after, before) = (arguments.take("after"), arguments.take("before"));
        let mut from = after.map(|cursor| place(&cursor)).transpose()?.map_or(0, |place| place + 1);
        let mut to = before.map(|cursor| place(&cursor)).transpose()?.unwrap_or(self.total);
        to = to.min(self.total);
        from = from.min(to);
        match (first, last) {
            (Some(first), None) => to = to.min(from + bound(field, "first", &first)?),
            (None, Some(last)) => from = from.max(to.saturating_sub(bound(field, "last", &last)?)),
            (Some(_), Some(_)) => {
                let message = format!(
                    "Passing both `first` and `last` to paginate the `{field}` connection is not \
                                       supported."
                );
                return Err(Trouble::Error("INVALID_PAGINATION_BOUNDARIES", message));
            }
            (None, None) => {
                let message = format!(
                    "You must provide a `first` or `last` value to properly paginate the \
                                       `{field}` connection."
                );
                return Err(Trouble::Error("MISSING_PAGINATION_BOUNDARIES", message));
            }
        }
        let Self { typename, total, make } = self;
        Ok(Got::node(Connection { typename, total, from, to, make }))
    }
}

fn bound(field: &str, word: &str, value: &Value) -> Result<usize, Trouble> {
    let number = value.as_u64().filter(|number| *number > 0);
    let number = number.ok_or_else(|| {
        let message = format!("`{word}` on the `{field}` connection must be a positive number.");
        Trouble::Error("INVALID_PAGINATION_BOUNDARIES", message)
    })?;
    if number > MOST {
        let message = format!(
            "Requesting {number} records on the `{field}` connection exceeds the `{word}` limit \
                               of {MOST} records."
        );
        return Err(Trouble::Error("EXCESSIVE_PAGINATION", message));
    }
    usize::try_from(number).map_err(|_| Trouble::NoField)
}

fn cursor(place: usize) -> String {
    STANDARD.encode(format!("cursor:v2:{place}"))
}

fn place(cursor: &Value) -> Result<usize, Trouble> {
    let read = |text: &str| {
        let bytes = STANDARD.decode(text).ok()?;
        String::from_utf8(bytes).ok()?.strip_prefix("cursor:v2:")?.parse().ok()
    };
    let found = cursor.as_str().and_then(read);
    found.ok_or_else(|| {
        Trouble::Error(
            "INVALID_CURSOR_ARGUMENTS",
            format!("`{cursor}` does not appear to be a valid cursor."),
        )
    })
}

impl<'w> Node<'w> for Connection<'w> {
    fn typename(&self) -> &'static str {
        self.typename
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "totalCount" => Got::leaf(self.total),
            "nodes" => Got::List((self.from..self.to).map(&self.make).collect()),
            "pageInfo" => Got::node(PageInfo { total: self.total, from: self.from, to: self.to }),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct PageInfo {
    total: usize,
    from: usize,
    to: usize,
}

impl<'w> Node<'w> for PageInfo {
    fn typename(&self) -> &'static str {
        "PageInfo"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let is_empty = self.from >= self.to;
        Ok(Got::Leaf(match name {
            "hasNextPage" => json!(self.to < self.total),
            "hasPreviousPage" => json!(self.from > 0),
            "startCursor" if is_empty => Value::Null,
            "endCursor" if is_empty => Value::Null,
            "startCursor" => json!(cursor(self.from)),
            "endCursor" => json!(cursor(self.to - 1)),
            _ => return Err(Trouble::NoField),
        }))
    }
}
