//! Which keys a section may hold, and what is said of others.

use toml::Spanned;
use toml::de::DeString;

use super::code::Code;
use super::finding::Sheet;
use super::names::{nearest, stem, unit_of};

/// Keys a section may hold, and keys that belong to another section on purpose.
pub(super) struct Keys {
    pub(super) known: &'static [&'static str],
    /// Keys that are known elsewhere and forbidden here, with the code that says so.
    pub(super) forbidden: Option<(Code, &'static [&'static str], &'static str)>,
}

impl Keys {
    pub(super) const fn only(known: &'static [&'static str]) -> Self {
        Self {
            known,
            forbidden: None,
        }
    }
}

pub(super) fn check_key(sheet: &Sheet<'_>, key: &Spanned<DeString<'_>>, what: &str, keys: &Keys) {
    let (name, span) = (key.get_ref().as_ref(), key.span());
    if keys.known.contains(&name) {
        return;
    }
    if let Some((code, names, help)) = keys.forbidden
        && names.contains(&name)
    {
        let message = format!("`{name}` does not belong into {what}");
        sheet.note(code, &span, message, help);
        return;
    }
    let same_stem = keys
        .known
        .iter()
        .find(|known| unit_of(known).is_some() && stem(known) == stem(name));
    if let Some(known) = same_stem {
        let message = format!("`{name}` does not say its unit as {what} wants it");
        let help = format!("write `{known}`");
        sheet.note(Code::F02, &span, message, &help);
        return;
    }
    let message = format!("{what} has no key `{name}`");
    let help = match nearest(name, keys.known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("known keys: {}", keys.known.join(", ")),
    };
    sheet.note(Code::F01, &span, message, &help);
}
