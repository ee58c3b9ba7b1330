//! One thing that is wrong in a file, and where.

use core::cell::RefCell;
use core::fmt;
use core::ops::Range;

use super::code::{Code, Severity};

/// Bytes of a file, end excluded.
pub type Span = Range<usize>;

/// One thing that is wrong in a city folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub code: Code,
    /// How bad that is.
    pub severity: Severity,
    /// Path inside the city folder, as it was given to the loader.
    pub file: String,
    /// What to point at, in bytes of the file; never beyond its end.
    pub span: Span,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What is wrong, with the names and numbers of the file.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Finding {
    /// The rule in one sentence.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.code.rule()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {} {}: {}",
            self.file, self.line, self.column, self.severity, self.code, self.message
        )
    }
}

/// Line and character of byte `at` of `text`, both from 1.
#[must_use]
pub fn line_column(text: &str, at: usize) -> (usize, usize) {
    let at = floor_boundary(text, at);
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    (line, column)
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Collects the findings of one file.
///
/// Whoever reads the disk puts U+FFFD for a byte that is not UTF-8, so a text with it is refused.
#[derive(Debug)]
pub(super) struct Sheet<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
    found: RefCell<Vec<Finding>>,
}

impl<'t> Sheet<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        let sheet = Self {
            file,
            text,
            found: RefCell::new(Vec::new()),
        };
        if let Some(at) = text.find(char::REPLACEMENT_CHARACTER) {
            let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            let message = "the file is not UTF-8 text from here on".to_owned();
            sheet.note(Code::F06, &span, message, "save it as UTF-8");
        }
        sheet
    }

    /// Notes a finding at `span`; the span is cut to the file.
    pub(super) fn note(&self, code: Code, span: &Span, message: String, help: &str) {
        let start = floor_boundary(self.text, span.start);
        let end = floor_boundary(self.text, span.end).max(start);
        let (line, column) = line_column(self.text, start);
        self.found.borrow_mut().push(Finding {
            code,
            severity: code.severity(),
            file: self.file.to_owned(),
            span: start..end,
            line,
            column,
            message,
            help: help.to_owned(),
        });
    }

    /// How many findings refuse the file so far.
    pub(super) fn errors(&self) -> usize {
        let found = self.found.borrow();
        found
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count()
    }

    /// The findings, in the order of the file. Of a file that cannot be read, only where it cannot:
    /// what else is wrong there may be the reader's guess.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut found = self.found.into_inner();
        if found.iter().any(|finding| finding.code == Code::F06) {
            found.retain(|finding| finding.code == Code::F06);
        }
        if self.text.contains(char::REPLACEMENT_CHARACTER) {
            // Noted first; mistakes of TOML that follow from it would only repeat it.
            found.truncate(1);
        }
        found.sort_by_key(|finding| (finding.span.start, finding.code));
        found.dedup();
        found
    }
}
