//! `modes`: a file becomes, is, or stops being a symlink, a submodule or an executable.
//!
//! Neither the files page of a pull request nor GitHub's files API shows modes.

use change::{FileChange, Mode};

use super::{Condition, Outcome, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::{Table, nearest, quoted_or};
use crate::rules::shelf::PathSet;

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

impl Condition for Modes {
    const RECORD: Record = Record {
        key: Key {
            name: "modes",
            needed: false,
            shape: Shape::List(&Shape::OneOf(&NAMES)),
            words: "list of `symlink`, `submodule` and `executable`",
            default: None,
            meaning: "Holds when a changed file is or was a link or submodule, or becomes or stops being executable. Neither the files page of a pull request nor GitHub's files API shows this.",
            bad: Bad { text: "when = { modes = [\"simlink\"] }", code: Code::BadValue },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &["when = { modes = [\"symlink\", \"submodule\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let texts = when.texts("modes", reading.complaints)?;
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
                    reading.complaints.error(Code::BadValue, text.span, message, help);
                }
            }
        }
        Some(Self { modes })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.those(|file| self.modes.iter().any(|wanted| wanted.shows_in(file.file))))
    }

    fn words(&self, _: &PathSet) -> String {
        let names: Vec<&str> = self.modes.iter().map(|mode| mode.name()).collect();
        format!("touch a {}", quoted_or(&names))
    }
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Symlink => "symlink",
            Self::Submodule => "submodule",
            Self::Executable => "executable",
        }
    }

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
