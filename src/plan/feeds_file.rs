//! `feeds.toml`: where positions of vehicles come from, and in which datum.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};

use super::city::{Datum, Feed, FeedKind, FeedSource, Vehicle};
use super::code::Code;
use super::finding::Sheet;
use super::keys::Keys;
use super::names::nearest;
use super::tree::{At, Section, read_file};
use crate::units::Millis;

/// The file; a city without it takes positions over the API alone.
pub(super) const FEEDS_FILE: &str = "feeds.toml";

const TOP: Keys = Keys::only(&["schema", "feed"]);
const FEED: Keys = Keys::only(&[
    "id",
    "kind",
    "datum",
    "listen",
    "device",
    "baud",
    "vehicle",
    "source",
    "test",
    "idle_s",
    "connections_max",
]);
const SOURCE: Keys = Keys::only(&["from", "vehicle"]);

/// Most terminals report or beat within three minutes.
const IDLE_S: u32 = 180;
const CONNECTIONS: u32 = 500;
/// Feeds, and sources of a feed, at most.
const MANY: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jt808,
    NmeaTcp,
    NmeaUdp,
    NmeaSerial,
}

const KINDS: [(&str, Kind); 4] = [
    ("jt808", Kind::Jt808),
    ("nmea-tcp", Kind::NmeaTcp),
    ("nmea-udp", Kind::NmeaUdp),
    ("nmea-serial", Kind::NmeaSerial),
];
const DATUMS: [(&str, Datum); 3] = [
    ("wgs84", Datum::Wgs84),
    ("cgcs2000", Datum::Cgcs2000),
    ("gcj02", Datum::Gcj02),
];

/// Reads the file, if there is one; what is wrong with it is noted on `sheet`.
pub(super) fn read_feeds(sheet: Option<&Sheet<'_>>, vehicles: &[Vehicle]) -> Vec<Feed> {
    let Some(sheet) = sheet else {
        return Vec::new();
    };
    read_file(sheet, &TOP, |top| {
        let sections = top.tables("feed", "[[feed]]", &FEED, MANY);
        let ids: Vec<At<String>> = sections
            .iter()
            .filter_map(|feed| feed.text_needed("id"))
            .collect();
        super::build::check_unique(sheet, "feed", ids.iter());
        let mut places = BTreeMap::new();
        let read = |section: &Section<'_>| read_feed(section, vehicles, &mut places);
        sections.iter().filter_map(read).collect()
    })
}

fn read_feed(
    feed: &Section<'_>,
    vehicles: &[Vehicle],
    places: &mut BTreeMap<String, String>,
) -> Option<Feed> {
    let id = feed.text("id");
    let kind = feed.word_needed("kind", &KINDS);
    let datum = feed.word_needed("datum", &DATUMS);
    let test = feed.flag("test").unwrap_or(false);
    let whole = |key, range, usual| feed.whole(key, range).map_or(usual, |number| number.value);
    let idle_s = whole("idle_s", 10..3601, IDLE_S);
    let connections_max = whole("connections_max", 1..10_001, CONNECTIONS);
    let (id, kind) = (id?, kind?);
    let kind = match kind.value {
        Kind::Jt808 => FeedKind::Jt808 {
            listen: listen(feed)?,
        },
        Kind::NmeaTcp => FeedKind::NmeaTcp {
            listen: listen(feed)?,
            sources: sources(feed, vehicles),
        },
        Kind::NmeaUdp => FeedKind::NmeaUdp {
            listen: listen(feed)?,
            sources: sources(feed, vehicles),
        },
        Kind::NmeaSerial => {
            let device = feed.text_needed("device");
            let vehicle = feed.text_needed("vehicle");
            let vehicle = vehicle.filter(|vehicle| check_vehicle(feed, vehicle, vehicles));
            FeedKind::NmeaSerial {
                device: device?.value,
                baud: whole("baud", 1_200..921_601, 4_800),
                vehicle: vehicle?.value,
            }
        }
    };
    let (place, key) = match &kind {
        FeedKind::Jt808 { listen } | FeedKind::NmeaTcp { listen, .. } => {
            (format!("tcp {listen}"), "listen")
        }
        FeedKind::NmeaUdp { listen, .. } => (format!("udp {listen}"), "listen"),
        FeedKind::NmeaSerial { device, .. } => (device.clone(), "device"),
    };
    // Port 0 is any free one: two feeds may both say so.
    let any = place.ends_with(":0");
    if let Some(other) = places.insert(place, id.value.clone()).filter(|_| !any) {
        let message = format!("{} and {other} claim the same {key}", id.value);
        feed.sheet
            .note(Code::V06, &feed.key_span(key), message, "give each its own");
    }
    Some(Feed {
        id: id.value,
        kind,
        datum: datum?.value,
        test,
        idle: Millis::from_secs(idle_s),
        connections_max: u16::try_from(connections_max).unwrap_or(u16::MAX),
    })
}

fn listen(feed: &Section<'_>) -> Option<SocketAddr> {
    let text = feed.text_needed("listen")?;
    let address: Option<SocketAddr> = text.value.parse().ok();
    if address.is_none() {
        feed.wrong(
            "listen",
            &text.span,
            "an address with its port, as 127.0.0.1:7611",
        );
    }
    address
}

fn sources(feed: &Section<'_>, vehicles: &[Vehicle]) -> Vec<FeedSource> {
    let sections = feed.tables("source", "[[feed.source]]", &SOURCE, MANY);
    if sections.is_empty() {
        let help = "add [[feed.source]] with `from` and `vehicle`: NMEA does not say who speaks";
        feed.missing("source", help);
    }
    let mut taken = BTreeMap::new();
    let read = |source: &Section<'_>| {
        let (from, vehicle) = (source.text_needed("from"), source.text_needed("vehicle"));
        let (from, vehicle) = (from?, vehicle?);
        let address: Option<IpAddr> = from.value.parse().ok();
        if address.is_none() {
            source.wrong(
                "from",
                &from.span,
                "an address without a port, as 10.8.0.12",
            );
        }
        let known = check_vehicle(source, &vehicle, vehicles);
        let address = address.filter(|_| known)?;
        if let Some(other) = taken.insert(address, vehicle.value.clone()) {
            let message = format!("{address} is the address of {other} already");
            let help = "an address speaks for one vehicle of a feed";
            source.sheet.note(Code::V06, &from.span, message, help);
        }
        Some(FeedSource {
            from: address,
            vehicle: vehicle.value,
        })
    };
    sections.iter().filter_map(read).collect()
}

fn check_vehicle(section: &Section<'_>, vehicle: &At<String>, vehicles: &[Vehicle]) -> bool {
    if vehicles.iter().any(|known| known.id == vehicle.value) {
        return true;
    }
    let ids = vehicles.iter().map(|known| known.id.as_str());
    let help = nearest(&vehicle.value, ids).map_or_else(
        || "add the vehicle to city.toml or fleet.csv".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("the city has no vehicle \"{}\"", vehicle.value);
    section.sheet.note(Code::F11, &vehicle.span, message, &help);
    false
}
