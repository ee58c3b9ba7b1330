//! Reads the tree of a TOML file without stopping at the first mistake.
//!
//! A derived deserializer ends at the first wrong value. A signal file is typed by people who want
//! to hear of all mistakes at once, so sections are read value by value from the spanned tree, each
//! against the list of its keys.

use core::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::code::Code;
use super::finding::{Sheet, Span};
use super::keys::{Keys, check_key};
use super::values::read_word;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

impl<T> At<T> {
    pub(super) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One table of a file, its unknown keys already reported.
pub(super) struct Section<'d> {
    pub(super) sheet: &'d Sheet<'d>,
    table: &'d DeTable<'d>,
    /// What to point at if something is missing.
    pub(super) span: Span,
    /// What people call it, as `[[group]]`.
    what: &'static str,
}

impl<'d> Section<'d> {
    pub(super) fn new(
        sheet: &'d Sheet<'d>,
        table: &'d DeTable<'d>,
        span: Range<usize>,
        what: &'static str,
        keys: &Keys,
    ) -> Self {
        for key in table.keys() {
            check_key(sheet, key, what, keys);
        }
        Self {
            sheet,
            table,
            span,
            what,
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<(&'d Spanned<DeValue<'d>>, Span)> {
        let (name, value) = self.table.get_key_value(key)?;
        Some((value, name.span()))
    }

    /// Where `key` stands, or the head of the section.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.find(key)
            .map_or_else(|| self.span.clone(), |(_, span)| span)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports `key` as missing (F07).
    pub(super) fn missing(&self, key: &str, help: &str) {
        let message = format!("{} has no `{key}`", self.what);
        self.sheet.note(Code::F07, &self.span, message, help);
    }

    /// Reports a value that is not what `key` wants (F08).
    pub(super) fn wrong(&self, key: &str, span: &Span, wants: &str) {
        let message = format!("`{key}` of {} is not {wants}", self.what);
        let help = format!("write {wants}");
        self.sheet.note(Code::F08, span, message, &help);
    }

    pub(super) fn text(&self, key: &str) -> Option<At<String>> {
        let (value, _) = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => {
                Some(At::new(text.clone().into_owned(), value.span()))
            }
            _ => {
                self.wrong(key, &value.span(), "a text that is not empty");
                None
            }
        }
    }

    pub(super) fn text_needed(&self, key: &str) -> Option<At<String>> {
        if !self.has(key) {
            self.missing(key, &format!("add `{key} = \"...\"`"));
        }
        self.text(key)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let (value, _) = self.find(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, &value.span(), "true or false");
        }
        flag
    }

    /// One of the allowed words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<At<T>> {
        let (value, _) = self.find(key)?;
        read_word(self.sheet, key, value, words)
    }

    pub(super) fn word_needed<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<At<T>> {
        if !self.has(key) {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.missing(key, &format!("one of: {}", allowed.join(", ")));
        }
        self.word(key, words)
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<At<String>>> {
        let (value, _) = self.find(key)?;
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, &value.span(), "a list of names");
            return None;
        };
        let texts = list.iter().filter_map(|item| {
            let text = item.get_ref().as_str();
            if text.is_none() {
                self.wrong(key, &item.span(), "a list of names");
            }
            text.map(|text| At::new(text.to_owned(), item.span()))
        });
        Some(texts.collect())
    }

    pub(super) fn texts_needed(&self, key: &str) -> Vec<At<String>> {
        if !self.has(key) {
            self.missing(key, &format!("add `{key} = [\"...\"]`"));
        }
        self.texts(key).unwrap_or_default()
    }

    /// A list of words.
    pub(super) fn words<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Vec<T> {
        let Some((value, _)) = self.find(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, &value.span(), "a list of words");
            return Vec::new();
        };
        let read = |item| read_word(self.sheet, key, item, words).map(|word| word.value);
        list.iter().filter_map(read).collect()
    }

    /// A table from names to words, in the order of the file.
    pub(super) fn words_by_name<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Vec<(At<String>, At<T>)> {
        self.by_name(key, |name, value| read_word(self.sheet, name, value, words))
    }

    pub(super) fn by_name<T>(
        &self,
        key: &str,
        read: impl Fn(&str, &'d Spanned<DeValue<'d>>) -> Option<At<T>>,
    ) -> Vec<(At<String>, At<T>)> {
        let Some((value, _)) = self.find(key) else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, &value.span(), "a table from names to values");
            return Vec::new();
        };
        let mut rows: Vec<_> = table
            .iter()
            .filter_map(|(name, value)| {
                let read = read(name.get_ref(), value)?;
                let name = At::new(name.get_ref().clone().into_owned(), name.span());
                Some((name, read))
            })
            .collect();
        rows.sort_by_key(|(name, _)| name.span.start);
        rows
    }

    /// The names of the keys of this section, in the order of the file.
    pub(super) fn names(&self) -> Vec<At<String>> {
        let mut names: Vec<_> = self
            .table
            .keys()
            .map(|name| At::new(name.get_ref().clone().into_owned(), name.span()))
            .collect();
        names.sort_by_key(|name| name.span.start);
        names
    }

    /// The calendar date at `key`.
    pub(super) fn date(&self, key: &str) -> Option<At<crate::units::Date>> {
        let (value, _) = self.find(key)?;
        let date = value.get_ref().as_datetime().and_then(|moment| {
            let date = moment.date.filter(|_| moment.time.is_none())?;
            Some(crate::units::Date {
                year: date.year,
                month: date.month,
                day: date.day,
            })
        });
        if date.is_none() {
            self.wrong(key, &value.span(), "a date as 2026-10-01");
        }
        date.map(|date| At::new(date, value.span()))
    }

    /// The table at `key`.
    pub(super) fn table(&self, key: &str, what: &'static str, keys: &Keys) -> Option<Section<'d>> {
        let (value, name) = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, &value.span(), "a table");
            return None;
        };
        Some(Section::new(self.sheet, table, name, what, keys))
    }

    /// The table at `key` whose keys are names of the file itself.
    pub(super) fn free_table(&self, key: &str, what: &'static str) -> Option<Section<'d>> {
        let (value, name) = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, &value.span(), "a table");
            return None;
        };
        Some(Section {
            sheet: self.sheet,
            table,
            span: name,
            what,
        })
    }

    /// The first `most` tables of the list at `key`, in order.
    pub(super) fn tables(
        &self,
        key: &str,
        what: &'static str,
        keys: &Keys,
        most: usize,
    ) -> Vec<Section<'d>> {
        let Some((value, _)) = self.find(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, &value.span(), "a list of tables");
            return Vec::new();
        };
        let sections = list.iter().take(most).filter_map(|item| {
            let Some(table) = item.get_ref().as_table() else {
                self.wrong(key, &item.span(), "a list of tables");
                return None;
            };
            Some(Section::new(self.sheet, table, item.span(), what, keys))
        });
        sections.collect()
    }
}

/// Reads the top of `sheet` as TOML of schema 1 and hands it to `read`.
pub(super) fn read_file<T>(
    sheet: &Sheet<'_>,
    keys: &Keys,
    read: impl FnOnce(&Section<'_>) -> T,
) -> T {
    let (table, mistakes) = DeTable::parse_recoverable(sheet.text);
    for mistake in mistakes {
        let span = mistake.span().unwrap_or(0..0);
        let help = "the file must be TOML 1.0";
        let message = mistake.message().to_owned();
        sheet.note(Code::F06, &span, message, help);
    }
    let top = Section::new(sheet, table.get_ref(), 0..0, "the file", keys);
    check_schema(&top);
    read(&top)
}

fn check_schema(top: &Section<'_>) {
    if !top.has("schema") {
        top.missing("schema", "add `schema = 1` at the top");
        return;
    }
    let Some(schema) = top.whole("schema", 0..u32::MAX) else {
        return;
    };
    if schema.value != 1 {
        let message = format!("the file is of version {}", schema.value);
        let help = "this program reads `schema = 1`; use a newer program for a newer file";
        top.sheet.note(Code::F03, &schema.span, message, help);
    }
}
