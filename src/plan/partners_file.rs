//! `partners.toml`: who is told of corridors, and what becomes of personal data in free text.

use core::net::IpAddr;

use super::city::Agency;
use super::code::Code;
use super::finding::Sheet;
use super::host::is_host;
use super::keys::Keys;
use super::names::nearest;
use super::partners::{NoteRule, Partners, Webhook, WebhookEvent, WebhookUrl};
use super::tree::{At, Section, read_file};
use crate::units::Millis;

/// The file; a city without it tells nobody.
pub(super) const PARTNERS_FILE: &str = "partners.toml";

const TOP: Keys = Keys::only(&["schema", "notes", "webhook"]);
const NOTES: Keys = Keys::only(&["personal_data"]);
const WEBHOOK: Keys = Keys::only(&[
    "id",
    "agency",
    "url",
    "secret_file",
    "ca_file",
    "events",
    "plain_http",
    "give_up_after_s",
]);
const RULES: [(&str, NoteRule); 2] = [("refuse", NoteRule::Refuse), ("mask", NoteRule::Mask)];
const EVENTS: [(&str, WebhookEvent); 2] = [
    (WebhookEvent::Status.word(), WebhookEvent::Status),
    (WebhookEvent::Alarm.word(), WebhookEvent::Alarm),
];

/// Webhooks of a city at most: each has a task and a queue of its own.
const MANY: usize = 64;
/// A corridor lasts minutes; what is older helps nobody.
const GIVE_UP_S: u32 = 120;
/// Longest URL.
const URL_MAX: usize = 512;

/// Reads the file, if there is one; what is wrong with it is noted on `sheet`.
pub(super) fn read_partners(sheet: Option<&Sheet<'_>>, agencies: &[Agency]) -> Partners {
    let Some(sheet) = sheet else {
        return Partners::default();
    };
    read_file(sheet, &TOP, |top| {
        let sections = top.tables("webhook", "[[webhook]]", &WEBHOOK, MANY);
        let ids: Vec<At<String>> = sections
            .iter()
            .filter_map(|one| one.text_needed("id"))
            .collect();
        super::build::check_unique(sheet, "webhook", ids.iter());
        let rule = top
            .table("notes", "[notes]", &NOTES)
            .and_then(|notes| notes.word_needed("personal_data", &RULES));
        let read = |one: &Section<'_>| read_webhook(one, agencies);
        Partners {
            notes: rule.map_or(NoteRule::default(), |rule| rule.value),
            webhooks: sections.iter().filter_map(read).collect(),
        }
    })
}

fn read_webhook(one: &Section<'_>, agencies: &[Agency]) -> Option<Webhook> {
    let id = one.text("id");
    let agency = one.text_needed("agency");
    let agency = agency.filter(|agency| check_agency(one, agency, agencies));
    let plain = one.flag("plain_http").unwrap_or(false);
    let url = one.text_needed("url").and_then(|url| read_url(one, &url));
    let url = url.filter(|url| check_wire(one, url, plain));
    let secret_file = one.text_needed("secret_file");
    let ca_file = one.text("ca_file").map(|file| file.value);
    let events = if one.has("events") {
        one.words("events", &EVENTS)
    } else {
        EVENTS.map(|(_, event)| event).to_vec()
    };
    if events.is_empty() && one.has("events") {
        one.wrong(
            "events",
            &one.key_span("events"),
            "a list with a word in it",
        );
    }
    let give_up_s = one.whole("give_up_after_s", 5..3_601);
    Some(Webhook {
        id: id?.value,
        agency: agency?.value,
        url: url?,
        secret_file: secret_file?.value,
        ca_file: ca_file.unwrap_or_default(),
        events,
        give_up: Millis::from_secs(give_up_s.map_or(GIVE_UP_S, |number| number.value)),
    })
}

fn check_agency(one: &Section<'_>, agency: &At<String>, agencies: &[Agency]) -> bool {
    if agencies.iter().any(|known| known.id == agency.value) {
        return true;
    }
    let ids = agencies.iter().map(|known| known.id.as_str());
    let help = nearest(&agency.value, ids).map_or_else(
        || "add [[agency]] to city.toml".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("the city has no agency \"{}\"", agency.value);
    one.sheet.note(Code::F11, &agency.span, message, &help);
    false
}

fn read_url(one: &Section<'_>, url: &At<String>) -> Option<WebhookUrl> {
    let made = WebhookUrl::parse(&url.value);
    if made.is_none() {
        let wants = "a URL as https://cad.example.org/greenwave, without name or password";
        one.wrong("url", &url.span, wants);
    }
    made
}

/// A password, or the way of an ambulance, does not travel open over a network unless somebody has
/// said that it may.
fn check_wire(one: &Section<'_>, url: &WebhookUrl, plain: bool) -> bool {
    if url.tls || plain || url.is_loopback() {
        return true;
    }
    let message = format!("{} goes over the network unprotected", url.text);
    let help = "write https://, or `plain_http = true` if the network itself is closed";
    one.sheet
        .note(Code::V07, &one.key_span("url"), message, help);
    false
}

impl WebhookUrl {
    /// Takes `http://HOST[:PORT][/PATH]` or `https://...` apart.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (tls, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let clean = |letter: char| letter.is_ascii_graphic() && letter != '#' && letter != '\\';
        if text.len() > URL_MAX || !text.chars().all(clean) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (place, path) = rest.split_at_checked(end)?;
        // A name or password would be written into every log on the way.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (place, if tls { 443 } else { 80 }),
        };
        let path = match path.chars().next() {
            Some('/') => path.to_owned(),
            Some(_) => format!("/{path}"),
            None => "/".to_owned(),
        };
        (is_host(host) && port > 0).then(|| Self {
            tls,
            host: host.to_owned(),
            port,
            path,
            text: text.to_owned(),
        })
    }

    /// True if it leads to this machine and no other.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let inside = self.host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = inside.parse().ok();
        self.host == "localhost" || address.is_some_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_or_refused() {
        let parse = |text| {
            let url: WebhookUrl = WebhookUrl::parse(text)?;
            Some((url.tls, url.host, url.port, url.path))
        };
        let of =
            |tls, host: &str, port, path: &str| Some((tls, host.to_owned(), port, path.to_owned()));
        assert_eq!(parse("https://a.org"), of(true, "a.org", 443, "/"));
        assert_eq!(parse("http://[::1]:81/x?y"), of(false, "[::1]", 81, "/x?y"));
        assert_eq!(parse("http://[::1]"), of(false, "[::1]", 80, "/"));
        assert_eq!(parse("https://a.org?x=1"), of(true, "a.org", 443, "/?x=1"));
        for bad in [
            "ftp://a.org",
            "https://",
            "https://user@a.org/",
            "https://u:p@a.org/",
            "https://a.org:0/",
            "https://a.org:99999/",
            "https://a.org/ x",
            "https://a.org/#x",
            "https://a.org\\@b.org/",
            "https://10.0.0/",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        let loopback = |text| WebhookUrl::parse(text).is_some_and(|url| url.is_loopback());
        assert!(loopback("http://127.0.0.1:9/") && loopback("http://[::1]/"));
        assert!(!loopback("http://127.0.0.1.example.org/"));
    }
}
