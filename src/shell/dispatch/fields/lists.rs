//! Names, lists of words, hashes: what acts on accounts are made of.

use serde_json::Value;

use super::Fields;

/// Words of one list at most.
const WORDS_MAX: usize = 200;

impl Fields<'_> {
    /// A name without blanks: letters, digits, `-`, `_`, `.`, `@`, at most 64.
    pub(in super::super) fn name_word(&self, key: &str) -> Option<String> {
        let text = self.text(key, 64)?;
        let fits = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '@');
        if text.chars().all(fits) {
            return Some(text);
        }
        let allowed = "letters, digits, - _ . @";
        self.impossible(key, "a name has no such signs", allowed);
        None
    }

    /// At least one of a list of words, none twice.
    pub(in super::super) fn words<T: Clone>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<Vec<T>> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let allowed = format!("a list of some of {}", names.join(", "));
        let list = self.take(key, &allowed)?.as_array();
        let texts: Option<Vec<&str>> =
            list.and_then(|list| list.iter().map(Value::as_str).collect());
        let Some(texts) = texts.filter(|texts| texts.len() <= WORDS_MAX) else {
            self.unreadable(key, "not a list of words", &allowed);
            return None;
        };
        let mut seen = std::collections::BTreeSet::new();
        let once = texts.iter().all(|text| seen.insert(*text));
        let found = texts.iter().map(|text| {
            let known = words.iter().find(|(name, _)| name == text);
            known.map(|(_, made)| made.clone())
        });
        let found: Option<Vec<T>> = found.collect();
        let found = found.filter(|found| once && !found.is_empty());
        if found.is_none() {
            self.impossible(
                key,
                "empty, twice the same, or not one of the known words",
                &allowed,
            );
        }
        found
    }

    /// A SHA-256 in hexadecimal that may be missing.
    #[expect(
        clippy::option_option,
        reason = "outside: could it be read; inside: was it there"
    )]
    pub(in super::super) fn hash_or_none(&self, key: &str) -> Option<Option<[u8; 32]>> {
        if !self.has(key) {
            return Some(None);
        }
        let text = self.text(key, 64)?;
        let mut hash = [0_u8; 32];
        let whole = text.len() == 64
            && text.is_ascii()
            && hash.iter_mut().enumerate().all(|(at, byte)| {
                let digits = text.get(at * 2..at * 2 + 2).unwrap_or_default();
                let made = u8::from_str_radix(digits, 16);
                *byte = *made.as_ref().unwrap_or(&0);
                made.is_ok()
            });
        if !whole {
            self.impossible(key, "not a SHA-256", "64 hexadecimal digits");
            return None;
        }
        Some(Some(hash))
    }

    /// True for an address that answers may be sent to.
    pub(in super::super) fn is_https(&self, key: &str, url: &str) -> bool {
        let host = url.strip_prefix("https://").unwrap_or_default();
        let fits = host.starts_with(|sign: char| sign.is_ascii_alphanumeric())
            && !host.contains(|sign: char| sign.is_whitespace() || sign == '@');
        if !fits {
            self.impossible(
                key,
                "not an address for answers",
                "https://HOST/PATH, without user, or mqtt: and an answer topic of the agency",
            );
        }
        fits
    }
}
