//! Field links, and which cabinet drives which site.

use super::build::check_unique;
use super::city::{Cabinet, ControlKind, Link, LinkKind};
use super::city_build::SiteFile;
use super::code::Code;
use super::finding::Sheet;
use super::host::is_host;
use super::names::nearest;
use super::raw::{RawCabinet, RawLink};
use super::roads::Roads;
use super::tree::At;
use crate::ids::SiteId;
use crate::units::{Millis, TICK};

/// What the links need to know of the sites.
pub(super) struct Sites<'s> {
    ids: Vec<&'s str>,
    /// Named by the network, with a file or without.
    on_map: Vec<&'s str>,
    files: &'s [SiteFile<'s>],
}

impl<'s> Sites<'s> {
    pub(super) fn of(files: &'s [SiteFile<'s>], roads: Option<&'s Roads>) -> Self {
        let id = |file: &'s SiteFile<'s>| file.places.id.as_ref().map_or("", |id| &id.value);
        Self {
            ids: files.iter().map(id).collect(),
            on_map: roads.map_or_else(Vec::new, |roads| roads.named_sites().collect()),
            files,
        }
    }
}

/// Links in the order of the file, cabinets in the order of the sites.
pub(super) fn build_links(
    sheet: &Sheet<'_>,
    sites: &Sites<'_>,
    raw_links: &[RawLink],
    raw_cabinets: &[RawCabinet],
) -> (Vec<Link>, Vec<Cabinet>) {
    check_unique(sheet, "link", raw_links.iter().map(|link| &link.id));
    let links: Vec<Link> = raw_links
        .iter()
        .map(|link| build_link(sheet, link))
        .collect();
    let mut cabinets: Vec<Option<Cabinet>> = vec![None; sites.ids.len()];
    let mut used: Vec<(usize, u32)> = Vec::new();
    for raw in raw_cabinets {
        let site = raw.site.as_ref();
        let site = site.and_then(|site| site_of(sheet, sites, site));
        let at = raw.link.as_ref();
        let at = at.and_then(|link| link_of(sheet, raw_links, link));
        check_unit(sheet, raw, at, &mut used);
        let link = at.and_then(|at| links.get(at));
        if let Some(link) = link {
            check_control(sheet, raw, link);
        }
        let Some((site, slot)) = site.and_then(|site| Some((site, cabinets.get_mut(site)?))) else {
            continue;
        };
        if slot.is_some() {
            let name = at_or(raw.site.as_ref());
            let message = format!("site \"{name}\" has a cabinet already");
            sheet.note(Code::N03, &raw.head, message, "remove one of the two");
        }
        if let (Some(at), Some(link)) = (at, link) {
            check_fence(sites, site, link);
            *slot = Some(cabinet_of(raw, site, at));
        }
    }
    check_claims(sheet, raw_links, &used);
    check_driven(sheet, sites, raw_cabinets);
    (links, cabinets.into_iter().flatten().collect())
}

fn cabinet_of(raw: &RawCabinet, site: usize, link: usize) -> Cabinet {
    let unit = raw.unit.as_ref().map_or(0, |unit| unit.value);
    Cabinet {
        site: SiteId::new(u16::try_from(site).unwrap_or(u16::MAX)),
        link,
        unit: u8::try_from(unit).unwrap_or(0),
        profile: "canonical".to_owned(),
        control: raw.control,
    }
}

fn check_unit(
    sheet: &Sheet<'_>,
    raw: &RawCabinet,
    link: Option<usize>,
    used: &mut Vec<(usize, u32)>,
) {
    let (Some(link), Some(unit)) = (link, &raw.unit) else {
        return;
    };
    if used.contains(&(link, unit.value)) {
        let message = format!("unit {} is taken on this link", unit.value);
        let help = "give every cabinet a unit of its own";
        sheet.note(Code::N02, &unit.span, message, help);
    }
    used.push((link, unit.value));
}

fn at_or(name: Option<&At<String>>) -> &str {
    name.map_or("?", |name| &name.value)
}

fn site_of(sheet: &Sheet<'_>, sites: &Sites<'_>, name: &At<String>) -> Option<usize> {
    let at = sites.ids.iter().position(|id| *id == name.value);
    if at.is_none() && sites.on_map.contains(&name.value.as_str()) {
        // A place of its own on the map: no slip of the pen, however alike its neighbours' names.
        let message = format!("the file sites/{}.toml is missing", name.value);
        let help = "put the file back, or take the site out of network.geojson and the cabinet out";
        sheet.note(Code::N01, &name.span, message, help);
    } else if at.is_none() {
        let message = format!("the city has no site \"{}\"", name.value);
        let help = match nearest(&name.value, sites.ids.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "add the site file, or remove the cabinet".to_owned(),
        };
        sheet.note(Code::N01, &name.span, message, &help);
    }
    at
}

fn link_of(sheet: &Sheet<'_>, links: &[RawLink], name: &At<String>) -> Option<usize> {
    let at = links.iter().position(|link| link.id.value == name.value);
    if at.is_none() {
        let message = format!("there is no link \"{}\"", name.value);
        let names: Vec<&str> = links.iter().map(|link| link.id.value.as_str()).collect();
        let help = format!("known links: {}", names.join(", "));
        sheet.note(Code::N04, &name.span, message, &help);
    }
    at
}

fn build_link(sheet: &Sheet<'_>, raw: &RawLink) -> Link {
    if let Some(rate) = raw
        .tick_hz
        .as_ref()
        .filter(|rate| !RATES.contains(&rate.value))
    {
        let message = format!(
            "link \"{}\" is polled {} times a second",
            raw.id.value, rate.value
        );
        let help = "use 1, 2, 5 or 10: a control cycle is 0.1 s";
        sheet.note(Code::N05, &rate.span, message, help);
    }
    if let Some(host) = raw.host.as_ref().filter(|host| !is_host(&host.value)) {
        let message = format!(
            "link \"{}\" has the host \"{}\", which is no address and no name",
            raw.id.value, host.value
        );
        let help = "write an IPv4 address, an IPv6 address in brackets, or a host name";
        sheet.note(Code::F08, &host.span, message, help);
    }
    let text = |given: &Option<At<String>>| {
        given
            .as_ref()
            .map(|text| text.value.clone())
            .unwrap_or_default()
    };
    let number = |given: &Option<At<u32>>| given.as_ref().map_or(0, |number| number.value);
    Link {
        id: raw.id.value.clone(),
        kind: raw.kind.unwrap_or(LinkKind::ModbusTcp),
        host: text(&raw.host),
        first_port: u16::try_from(number(&raw.first_port)).unwrap_or(0),
        device: text(&raw.device),
        baud: number(&raw.baud),
        tick_hz: u8::try_from(number(&raw.tick_hz)).unwrap_or(0),
        wide_area: raw.wide_area,
    }
}

fn check_control(sheet: &Sheet<'_>, raw: &RawCabinet, link: &Link) {
    if link.wide_area && raw.control == ControlKind::Lamps {
        let message = format!(
            "lamps of \"{}\" hang on a wide-area link",
            at_or(raw.site.as_ref())
        );
        let help = "write `control = \"stages\"`: the cabinet then owns its lamps";
        sheet.note(Code::N06, &raw.head, message, help);
    }
}

/// Polls per second that fall on control cycles.
const RATES: [u32; 4] = [1, 2, 5, 10];

/// A reading is up to one poll old when a cycle looks at it.
fn check_fence(sites: &Sites<'_>, site: usize, link: &Link) {
    let Some(file) = sites.files.get(site) else {
        return;
    };
    let Some(fence) = &file.places.readback else {
        return;
    };
    let rate = u32::from(link.tick_hz);
    let period = match 1000_u32.checked_div(rate) {
        Some(period) if RATES.contains(&rate) => Millis::new(period),
        Some(_) | None => return,
    };
    if fence.value < period + TICK {
        let message = format!(
            "a wrong green is to be seen within {} ms, but link \"{}\" is read every {} ms",
            fence.value.as_ms(),
            link.id,
            period.as_ms()
        );
        let help = "read the link faster, or write the time the link can hold";
        file.sheet.note(Code::N07, &fence.span, message, help);
    }
}

/// Ports of two TCP links on one host, and devices of two RTU links.
fn check_claims(sheet: &Sheet<'_>, links: &[RawLink], used: &[(usize, u32)]) {
    let ports = |at: usize| {
        let first = links.get(at).and_then(|link| link.first_port.as_ref());
        let first = first.map(|port| port.value).filter(|port| *port > 0);
        let units = used.iter().filter(move |(link, _)| *link == at);
        units.filter_map(move |(_, unit)| Some(first? + unit.saturating_sub(1)))
    };
    for (later, link) in links.iter().enumerate() {
        for (earlier, other) in links.iter().enumerate().take(later) {
            let same = |a: &Option<At<String>>, b: &Option<At<String>>| match (a, b) {
                (Some(a), Some(b)) => a.value == b.value,
                _ => false,
            };
            let device = same(&link.device, &other.device);
            let shared = ports(later).find(|port| ports(earlier).any(|taken| taken == *port));
            let port = shared.filter(|_| same(&link.host, &other.host));
            if !device && port.is_none() {
                continue;
            }
            let what = port.map_or("device".to_owned(), |port| format!("port {port}"));
            let message = format!(
                "link \"{}\" claims the {what} of \"{}\"",
                link.id.value, other.id.value
            );
            sheet.note(Code::N08, &link.head, message, "give each link its own");
        }
    }
    for (at, link) in links.iter().enumerate() {
        if let Some(port) = ports(at).find(|port| *port > u32::from(u16::MAX)) {
            let message = format!("link \"{}\" would need port {port}", link.id.value);
            sheet.note(
                Code::F08,
                &link.head,
                message,
                "choose a lower `first_port`",
            );
        }
    }
}

fn check_driven(sheet: &Sheet<'_>, sites: &Sites<'_>, cabinets: &[RawCabinet]) {
    for id in sites.ids.iter().filter(|id| !id.is_empty()) {
        let names = |cabinet: &&RawCabinet| cabinet.site.as_ref().is_some_and(|s| s.value == *id);
        if cabinets.iter().find(names).is_none() {
            let message = format!("site \"{id}\" has no cabinet");
            let help = "add a [[cabinet]] with this site";
            sheet.note(Code::N03, &(0..0), message, help);
        }
    }
}
