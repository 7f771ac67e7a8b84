//! Complaints about a rules file, as miette draws them: line, caret, code and help.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use policy::complaint::{Complaint, Severity};

/// One complaint with the text it is about.
struct Shown<'c> {
    complaint: &'c Complaint,
    source: &'c NamedSource<String>,
}

/// Draws all complaints about one file.
pub(super) fn draw(file: &str, text: &str, complaints: &[Complaint]) -> String {
    let theme =
        if super::on_terminal() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false);
    let source = NamedSource::new(file, text.to_owned());
    let mut drawn = String::new();
    for complaint in complaints {
        // Formatting into a string cannot fail; what is left of it is still shown.
        let _ = handler.render_report(&mut drawn, &Shown { complaint, source: &source });
        drawn.push('\n');
    }
    drawn
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.complaint.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.complaint.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.complaint.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.complaint.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = LabeledSpan::new_with_span(Some("here".to_owned()), self.complaint.span.clone());
        Some(Box::new(std::iter::once(span)))
    }
}
