//! `paths`: the change touches one of these paths, exceptions apart.
//!
//! Renames count twice: where the file was and where it went. Written as a list of globs, or with exceptions as
//! `{ any = [...], except = [...] }`.

use toml::de::DeValue;

use super::{Outcome, Scene};
use crate::complaint::Complaints;
use crate::rules::glob;
use crate::rules::read::Table;
use crate::rules::shelf::{Shelf, Slot};

/// Holds when a changed path matches `any` and none of `except`.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    any: Slot,
    except: Option<Slot>,
}

impl Paths {
    pub(super) fn parse(
        when: &mut Table<'_>,
        shelf: &mut Shelf,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        if !when.holds("paths", |value| matches!(value, DeValue::Table(_))) {
            let any = glob::parse("paths", when, complaints)?;
            return Some(Self { any: shelf.put(&any), except: None });
        }
        let mut table = when.table("paths", complaints)?;
        if !table.has("any") {
            table.missing("any", "Name the paths: `any = [\"infra/**\"]`.", complaints);
        }
        let any = glob::parse("any", &mut table, complaints);
        let except = glob::parse("except", &mut table, complaints);
        table.finish(complaints);
        Some(Self { any: shelf.put(&any?), except: except.map(|except| shelf.put(&except)) })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.matching(&self.any, self.except.as_ref()))
    }
}
