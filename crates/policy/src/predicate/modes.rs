//! `modes`: a file becomes, is, or stops being a symlink, a submodule or an executable.
//!
//! Neither the files page of a pull request nor GitHub's files API shows modes.

use change::{FileChange, Mode};

use super::{Outcome, Scene};
use crate::complaint::Complaints;
use crate::rules::read::{Table, nearest};

/// Holds when a changed file has one of the modes before or after the change.
#[derive(Debug, Clone)]
pub(crate) struct Modes {
    modes: Vec<Wanted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Symlink,
    Submodule,
    Executable,
}

const NAMES: [&str; 3] = ["symlink", "submodule", "executable"];

impl Modes {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let texts = when.texts("modes", complaints)?;
        let mut modes = Vec::new();
        for text in texts.value {
            match text.value.as_str() {
                "symlink" => modes.push(Wanted::Symlink),
                "submodule" => modes.push(Wanted::Submodule),
                "executable" => modes.push(Wanted::Executable),
                other => {
                    let help = match nearest(other, &NAMES) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Known: `symlink`, `submodule` and `executable`.".to_owned(),
                    };
                    let message = format!("no file mode is called `{}`", other.escape_debug());
                    complaints.error("bad-value", text.span, message, help);
                }
            }
        }
        Some(Self { modes })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.those(|file| self.modes.iter().any(|wanted| wanted.shows_in(file.file))))
    }
}

impl Wanted {
    fn shows_in(self, file: &FileChange) -> bool {
        let either = |mode: Mode| file.old_mode == mode || file.new_mode == mode;
        match self {
            Self::Symlink => either(Mode::Symlink),
            Self::Submodule => either(Mode::Submodule),
            // An executable that is merely edited is no news; one that becomes or stops being executable is.
            Self::Executable => either(Mode::Executable) && file.old_mode != file.new_mode,
        }
    }
}
