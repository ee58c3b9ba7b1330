//! SUMO's files are lists of elements with attributes: read them one element at a time.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::error::SumoError;

/// An opening tag and its attributes.
#[derive(Debug)]
pub(super) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Its name.
    pub(super) fn name(&self) -> String {
        self.0.name().as_ref().to_owned()
    }

    /// The text of an attribute.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        attribute(&self.0, key)
    }

    /// The number in an attribute.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.text(key)?.trim().parse().ok()
    }
}

/// The text of an attribute of this tag.
pub(super) fn attribute(tag: &BytesStart<'_>, key: &str) -> Option<String> {
    let found = tag.try_get_attribute(key).ok()??;
    let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}

/// Hands every opening tag of the file to `each`.
pub(super) fn each_element(
    path: &Path,
    each: &mut dyn FnMut(&Element<'_>) -> Result<(), String>,
) -> Result<(), SumoError> {
    let file = File::open(path).map_err(|why| SumoError::File {
        path: path.to_owned(),
        why,
    })?;
    let bad = |why: String| SumoError::Xml {
        path: path.to_owned(),
        why,
    };
    let mut reader = Reader::from_reader(BufReader::new(file));
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) => each(&Element(tag)).map_err(bad)?,
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(why) => return Err(bad(why.to_string())),
        }
        buffer.clear();
    }
}
