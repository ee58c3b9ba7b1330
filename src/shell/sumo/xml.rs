//! XML as a stream of elements with their attributes, each with its line.

use std::collections::BTreeMap;
use std::str::FromStr;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::error::SumoError;

/// An element's beginning, or the end of one.
#[derive(Debug)]
pub(super) enum Piece {
    /// `<name key="value">`; an element without content gives a `Begin` and an `End`.
    Begin(Element),
    /// `</name>`.
    End(String),
}

/// The head of an element.
#[derive(Debug)]
pub(super) struct Element {
    file: &'static str,
    /// Line from 1.
    line: usize,
    /// Name without its namespace.
    pub(super) name: String,
    values: BTreeMap<String, String>,
}

/// Reads pieces from text.
pub(super) struct Pieces<'t> {
    file: &'static str,
    text: &'t str,
    reader: Reader<&'t [u8]>,
    depth: usize,
    roots: usize,
    /// Bytes and lines counted so far.
    counted: (usize, usize),
}

/// Deepest nesting of elements; SUMO's own files have five levels.
const DEPTH_MAX: usize = 64;

impl<'t> Pieces<'t> {
    pub(super) fn of(file: &'static str, text: &'t str) -> Result<Self, SumoError> {
        if text.starts_with('\u{1f}') {
            return Err(SumoError::Packed { file });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self {
            file,
            text,
            reader,
            depth: 0,
            roots: 0,
            counted: (0, 1),
        })
    }

    /// The next piece; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, SumoError> {
        loop {
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(why) => {
                    let at = self.reader.error_position();
                    return Err(self.broken(at, why.to_string()));
                }
            };
            let at = self.reader.buffer_position();
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    self.roots += usize::from(self.depth == 1);
                    if self.depth > DEPTH_MAX || self.roots > 1 {
                        return Err(self.broken(at, "the elements do not nest".to_owned()));
                    }
                    return self.element(&start, at).map(|e| Some(Piece::Begin(e)));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    let name = end.local_name().into_inner().to_owned();
                    return Ok(Some(Piece::End(name)));
                }
                Event::Eof if self.depth > 0 || self.roots == 0 => {
                    return Err(self.broken(at, "the file ends too early".to_owned()));
                }
                Event::Eof => return Ok(None),
                Event::Text(text) if self.depth == 0 && !text.trim().is_empty() => {
                    return Err(self.broken(at, "text outside of any element".to_owned()));
                }
                _ => {}
            }
        }
    }

    fn element(&mut self, start: &BytesStart<'_>, at: u64) -> Result<Element, SumoError> {
        let mut values = BTreeMap::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|why| self.broken(at, why.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|why| self.broken(at, why.to_string()))?;
            let name = attribute.key.local_name().into_inner().to_owned();
            values.insert(name, value.into_owned());
        }
        Ok(Element {
            file: self.file,
            line: self.line(at),
            name: start.local_name().into_inner().to_owned(),
            values,
        })
    }

    fn broken(&mut self, at: u64, what: String) -> SumoError {
        let (file, line) = (self.file, self.line(at));
        SumoError::Broken { file, line, what }
    }

    /// The line of a byte; positions only grow, so the text is walked once.
    fn line(&mut self, at: u64) -> usize {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let at = at.min(self.text.len());
        if let Some(fresh) = self.text.get(self.counted.0..at) {
            self.counted = (at, self.counted.1 + fresh.matches('\n').count());
        }
        self.counted.1
    }
}

/// The text of a file, which must be neither packed nor of another encoding; `file` says which kind
/// of file it is.
///
/// # Errors
/// It is packed, or no UTF-8.
pub fn text_of(file: &'static str, bytes: Vec<u8>) -> Result<String, SumoError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(SumoError::Packed { file });
    }
    String::from_utf8(bytes).map_err(|why| SumoError::NotText {
        file,
        byte: why.utf8_error().valid_up_to(),
    })
}

/// What to do about a file that lacks something.
const MEND: &str = "build the file again with a current netconvert";

impl Element {
    /// The attribute, if the element has it.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The attribute, empty if the element has none.
    pub(super) fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    /// The attribute, which the element must have.
    pub(super) fn needed(&self, key: &'static str) -> Result<String, SumoError> {
        self.get(key)
            .map(str::to_owned)
            .ok_or_else(|| self.missing(key))
    }

    /// A list separated by blanks.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        let text = self.get(key).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// A whole number, which the element must have.
    pub(super) fn whole(&self, key: &'static str) -> Result<usize, SumoError> {
        self.maybe_whole(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number, if the element has it; SUMO writes -1 for none.
    pub(super) fn maybe_whole(&self, key: &'static str) -> Result<Option<usize>, SumoError> {
        match self.get(key).map(str::trim) {
            None | Some("-1") => Ok(None),
            Some(text) => self.parsed(key, text, "a whole number").map(Some),
        }
    }

    /// A number, which the element must have.
    pub(super) fn number(&self, key: &'static str) -> Result<f64, SumoError> {
        self.maybe_number(key)?.ok_or_else(|| self.missing(key))
    }

    /// A number, if the element has it.
    pub(super) fn maybe_number(&self, key: &'static str) -> Result<Option<f64>, SumoError> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let number: f64 = self.parsed(key, text.trim(), "a number")?;
        if number.is_finite() {
            Ok(Some(number))
        } else {
            Err(self.wrong(key, "a finite number"))
        }
    }

    /// A length of time, if the element has it: seconds, or hours:minutes:seconds.
    pub(super) fn maybe_time(&self, key: &'static str) -> Result<Option<f64>, SumoError> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let mut seconds = 0.0;
        for part in text.trim().split(':') {
            let part: f64 = self.parsed(key, part, "seconds")?;
            seconds = f64::mul_add(seconds, 60.0, part);
        }
        if f64::is_finite(seconds) {
            Ok(Some(seconds))
        } else {
            Err(self.wrong(key, "seconds"))
        }
    }

    /// A line of positions; heights are left out.
    pub(super) fn shape(&self, key: &'static str) -> Result<Vec<(f64, f64)>, SumoError> {
        let mut line = Vec::new();
        for word in self.get(key).unwrap_or_default().split_whitespace() {
            let mut parts = word.split(',').map(str::parse::<f64>);
            let (Some(Ok(x)), Some(Ok(y))) = (parts.next(), parts.next()) else {
                return Err(self.wrong(key, "positions as `x,y x,y`"));
            };
            if !x.is_finite() || !y.is_finite() {
                return Err(self.wrong(key, "positions as `x,y x,y`"));
            }
            line.push((x, y));
        }
        Ok(line)
    }

    /// Zeros and ones, the last one first.
    pub(super) fn bits(&self, key: &'static str) -> Result<Vec<bool>, SumoError> {
        let bit = |letter| match letter {
            '0' => Ok(false),
            '1' => Ok(true),
            _ => Err(self.wrong(key, "zeros and ones")),
        };
        let text = self.needed(key)?;
        text.trim().chars().rev().map(bit).collect()
    }

    fn parsed<T: FromStr>(
        &self,
        key: &'static str,
        text: &str,
        wanted: &'static str,
    ) -> Result<T, SumoError> {
        text.parse().map_err(|_| self.wrong(key, wanted))
    }

    fn missing(&self, key: &'static str) -> SumoError {
        SumoError::Missing {
            file: self.file,
            line: self.line,
            element: self.name.clone(),
            key,
            mend: MEND,
        }
    }

    /// The error that `key` does not say what it should.
    pub(super) fn wrong(&self, key: &'static str, wanted: &'static str) -> SumoError {
        SumoError::Value {
            file: self.file,
            line: self.line,
            element: self.name.clone(),
            key,
            value: self.text(key),
            wanted,
        }
    }
}
