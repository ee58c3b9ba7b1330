//! City, calendar and link files.

use super::super::city::{ControlKind, Datum, LinkKind};
use super::super::code::Code;
use super::super::finding::{Sheet, Span};
use super::super::keys::Keys;
use super::super::names::nearest;
use super::super::tree::{At, Section, read_file};
use super::console::{RawConsole, read_console};
use super::fleet::{AGENCY, RawAgency, RawVehicle, VEHICLE, read_agency, read_vehicle};
use crate::units::{Date, Length, Millis};

const CITY_TOP: Keys = Keys::only(&[
    "schema", "city", "class", "agency", "vehicle", "bounds", "mission", "wave", "base_map",
    "camera",
]);
const CITY: Keys = Keys::only(&[
    "id",
    "name_zh",
    "name_en",
    "timezone",
    "datum",
    "synthetic",
    "origin",
]);
const ORIGIN: Keys = Keys::only(&["lat_deg", "lon_deg"]);
const CLASS: Keys = Keys::only(&["id", "rank", "preempts"]);
const BOUNDS: Keys = Keys::only(&[
    "corridor_hold_max_s",
    "corridor_wait_max_s",
    "corridor_red_max_s",
    "corridor_length_max_min",
]);
const MISSION: Keys = Keys::only(&["id", "name_zh", "name_en", "class", "from", "to"]);
const WAVE: Keys = Keys::only(&["id", "name_zh", "name_en", "sites", "plan", "lasts_min"]);
const MISSION_FROM: Keys = Keys::only(&["road", "at_m"]);
const CALENDAR_TOP: Keys = Keys::only(&["schema", "day", "calendar"]);
const DAY: Keys = Keys::only(&["id", "at"]);
const ENTRY: Keys = Keys::only(&["time", "run"]);
const EXCEPTION: Keys = Keys::only(&["from", "to", "day"]);
const LINKS_TOP: Keys = Keys::only(&["schema", "link", "cabinet"]);
const LINK: Keys = Keys::only(&[
    "id",
    "kind",
    "host",
    "first_port",
    "device",
    "baud",
    "tick_hz",
    "wide_area",
]);
const CABINET: Keys = Keys::only(&["site", "link", "unit", "profile", "control"]);
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `city.toml`, read.
#[derive(Debug)]
pub(in super::super) struct RawCity {
    pub(in super::super) id: Option<At<String>>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
    pub(in super::super) timezone: Option<At<String>>,
    pub(in super::super) datum: Option<Datum>,
    pub(in super::super) synthetic: bool,
    pub(in super::super) origin: Option<(f64, f64)>,
    pub(in super::super) classes: Vec<RawClass>,
    pub(in super::super) agencies: Vec<RawAgency>,
    pub(in super::super) vehicles: Vec<RawVehicle>,
    pub(in super::super) missions: Vec<RawMission>,
    pub(in super::super) waves: Vec<RawWave>,
    pub(in super::super) console: RawConsole,
    pub(in super::super) corridor_hold: Option<At<Millis>>,
    pub(in super::super) corridor_wait: Option<At<Millis>>,
    pub(in super::super) corridor_red: Option<At<Millis>>,
    pub(in super::super) corridor_length: Option<At<Millis>>,
}

/// One `[[class]]`.
#[derive(Debug)]
pub(in super::super) struct RawClass {
    pub(in super::super) id: Option<At<&'static str>>,
    pub(in super::super) rank: Option<At<u32>>,
    pub(in super::super) preempts: bool,
}

/// One `[[wave]]`.
#[derive(Debug)]
pub(in super::super) struct RawWave {
    pub(in super::super) id: At<String>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
    pub(in super::super) sites: Vec<At<String>>,
    pub(in super::super) plan: Option<At<String>>,
    pub(in super::super) lasts: Option<At<Millis>>,
}

/// One `[[mission]]`.
#[derive(Debug)]
pub(in super::super) struct RawMission {
    pub(in super::super) id: At<String>,
    pub(in super::super) name_zh: Option<At<String>>,
    pub(in super::super) name_en: Option<At<String>>,
    pub(in super::super) class: Option<At<String>>,
    pub(in super::super) road: Option<At<String>>,
    pub(in super::super) at: Option<At<Length>>,
    pub(in super::super) to: Option<At<String>>,
}

/// `calendar.toml`, read.
#[derive(Debug)]
pub(in super::super) struct RawCalendar {
    pub(in super::super) head: Span,
    pub(in super::super) days: Vec<RawDay>,
    /// Day plans named for Monday to Sunday.
    pub(in super::super) weekdays: [Option<At<String>>; 7],
    pub(in super::super) exceptions: Vec<RawException>,
}

/// One `[[day]]`.
#[derive(Debug)]
pub(in super::super) struct RawDay {
    pub(in super::super) id: At<String>,
    /// Second of the day and plan.
    pub(in super::super) entries: Vec<(At<u32>, At<String>)>,
    pub(in super::super) entries_span: Span,
}

/// One `[[calendar.exception]]`.
#[derive(Debug)]
pub(in super::super) struct RawException {
    pub(in super::super) head: Span,
    pub(in super::super) from: Option<At<Date>>,
    pub(in super::super) to: Option<At<Date>>,
    pub(in super::super) day: Option<At<String>>,
}

/// One `[[link]]`.
#[derive(Debug)]
pub(in super::super) struct RawLink {
    pub(in super::super) head: Span,
    pub(in super::super) id: At<String>,
    pub(in super::super) kind: Option<LinkKind>,
    pub(in super::super) host: Option<At<String>>,
    pub(in super::super) first_port: Option<At<u32>>,
    pub(in super::super) device: Option<At<String>>,
    pub(in super::super) baud: Option<At<u32>>,
    pub(in super::super) tick_hz: Option<At<u32>>,
    pub(in super::super) wide_area: bool,
}

/// One `[[cabinet]]`.
#[derive(Debug)]
pub(in super::super) struct RawCabinet {
    pub(in super::super) head: Span,
    pub(in super::super) site: Option<At<String>>,
    pub(in super::super) link: Option<At<String>>,
    pub(in super::super) unit: Option<At<u32>>,
    pub(in super::super) control: ControlKind,
}

/// Reads `city.toml`.
pub(in super::super) fn read_city(sheet: &Sheet<'_>) -> RawCity {
    read_file(sheet, &CITY_TOP, |top| {
        let city = top.table("city", "[city]", &CITY);
        if !top.has("city") {
            top.missing("city", "add a section [city]");
        }
        let bounds = top.table("bounds", "[bounds]", &BOUNDS);
        let (city, bounds) = (city.as_ref(), bounds.as_ref());
        let datums = [
            ("wgs84", Datum::Wgs84),
            ("cgcs2000", Datum::Cgcs2000),
            ("gcj02", Datum::Gcj02),
        ];
        let classes = top.tables("class", "[[class]]", &CLASS, usize::MAX);
        let agencies = top.tables("agency", "[[agency]]", &AGENCY, usize::MAX);
        let vehicles = top.tables("vehicle", "[[vehicle]]", &VEHICLE, usize::MAX);
        RawCity {
            id: city.and_then(|city| city.text_needed("id")),
            name_zh: city.and_then(|city| city.text_needed("name_zh")),
            name_en: city.and_then(|city| city.text_needed("name_en")),
            timezone: city.and_then(|city| city.text_needed("timezone")),
            datum: city.and_then(|city| Some(city.word_needed("datum", &datums)?.value)),
            synthetic: city
                .and_then(|city| city.flag("synthetic"))
                .unwrap_or(false),
            origin: city.and_then(read_origin),
            classes: classes.iter().map(read_class).collect(),
            agencies: agencies.iter().map(read_agency).collect(),
            vehicles: vehicles.iter().map(read_vehicle).collect(),
            missions: top
                .tables("mission", "[[mission]]", &MISSION, usize::MAX)
                .iter()
                .map(read_mission)
                .collect(),
            waves: top
                .tables("wave", "[[wave]]", &WAVE, usize::MAX)
                .iter()
                .map(read_wave)
                .collect(),
            console: read_console(top),
            corridor_hold: bounds.and_then(|bounds| bounds.secs_above_zero("corridor_hold_max_s")),
            corridor_wait: bounds.and_then(|bounds| bounds.secs_above_zero("corridor_wait_max_s")),
            corridor_red: bounds.and_then(|bounds| bounds.secs_above_zero("corridor_red_max_s")),
            corridor_length: bounds
                .and_then(|bounds| bounds.minutes_above_zero("corridor_length_max_min")),
        }
    })
}

fn read_origin(city: &Section<'_>) -> Option<(f64, f64)> {
    let Some(origin) = city.table("origin", "origin", &ORIGIN) else {
        if !city.has("origin") {
            city.missing("origin", "add `origin = { lat_deg = ..., lon_deg = ... }`");
        }
        return None;
    };
    for key in ["lat_deg", "lon_deg"] {
        if !origin.has(key) {
            origin.missing(key, &format!("add `{key} = ...` in degrees"));
        }
    }
    let lat = origin.signed("lat_deg", &(-85.0..85.0));
    let lon = origin.signed("lon_deg", &(-180.0..180.0));
    Some((lat?.value, lon?.value))
}

fn read_class(class: &Section<'_>) -> RawClass {
    let ids = ["ambulance", "fire", "rescue", "police", "escort"].map(|id| (id, id));
    if !class.has("rank") {
        class.missing("rank", "add `rank = ...`, 1 is served first");
    }
    RawClass {
        id: class.word_needed("id", &ids),
        rank: class.whole("rank", 1..100),
        preempts: class.flag("preempts").unwrap_or(false),
    }
}

fn read_wave(wave: &Section<'_>) -> RawWave {
    if !wave.has("lasts_min") {
        wave.missing(
            "lasts_min",
            "add `lasts_min = ...`, so that it ends by itself",
        );
    }
    RawWave {
        id: wave
            .text_needed("id")
            .unwrap_or_else(|| At::new(String::new(), wave.span.clone())),
        name_zh: wave.text("name_zh"),
        name_en: wave.text("name_en"),
        sites: wave.texts_needed("sites"),
        plan: wave.text_needed("plan"),
        lasts: wave.minutes_above_zero("lasts_min"),
    }
}

fn read_mission(mission: &Section<'_>) -> RawMission {
    if !mission.has("from") {
        mission.missing("from", "add `from = { road = \"...\", at_m = ... }`");
    }
    let from = mission.table("from", "from", &MISSION_FROM);
    RawMission {
        id: mission
            .text_needed("id")
            .unwrap_or_else(|| At::new(String::new(), mission.span.clone())),
        name_zh: mission.text("name_zh"),
        name_en: mission.text("name_en"),
        class: mission.text_needed("class"),
        road: from.as_ref().and_then(|from| from.text_needed("road")),
        at: from.as_ref().and_then(|from| from.metres("at_m")),
        to: mission.text_needed("to"),
    }
}

/// Reads `calendar.toml`.
pub(in super::super) fn read_calendar(sheet: &Sheet<'_>) -> RawCalendar {
    read_file(sheet, &CALENDAR_TOP, |top| {
        let days = top.tables("day", "[[day]]", &DAY, usize::MAX);
        let calendar = top.free_table("calendar", "[calendar]");
        if !top.has("calendar") {
            top.missing(
                "calendar",
                "add [calendar] with a day plan for every weekday",
            );
        }
        let exceptions = calendar.as_ref().map(|calendar| {
            let what = "[[calendar.exception]]";
            calendar.tables("exception", what, &EXCEPTION, usize::MAX)
        });
        let read = |exception: &Section<'_>| RawException {
            head: exception.span.clone(),
            from: exception.date("from"),
            to: exception.date("to"),
            day: exception.text_needed("day"),
        };
        RawCalendar {
            head: top.key_span("calendar"),
            days: days.iter().map(|day| read_day(sheet, day)).collect(),
            weekdays: calendar
                .map_or_else(Default::default, |calendar| read_weekdays(sheet, &calendar)),
            exceptions: exceptions.iter().flatten().map(read).collect(),
        }
    })
}

fn read_day(sheet: &Sheet<'_>, day: &Section<'_>) -> RawDay {
    let id = day
        .text_needed("id")
        .unwrap_or_else(|| At::new(String::new(), day.span.clone()));
    if !day.has("at") {
        day.missing("at", "add `at = [ { time = \"00:00\", run = \"...\" } ]`");
    }
    let entries = day.tables("at", "an entry of a day", &ENTRY, usize::MAX);
    let read = |entry: &Section<'_>| {
        let (time, run) = (entry.text_needed("time"), entry.text_needed("run"));
        let (time, run) = (time?, run?);
        let Some(second) = second_of_day(&time.value) else {
            let message = format!("\"{}\" is not a time of day", time.value);
            let help = "write hours and minutes as \"07:00\"";
            sheet.note(Code::F08, &time.span, message, help);
            return None;
        };
        Some((At::new(second, time.span), run))
    };
    RawDay {
        id,
        entries: entries.iter().filter_map(read).collect(),
        entries_span: day.key_span("at"),
    }
}

fn second_of_day(time: &str) -> Option<u32> {
    let (hours, minutes) = time.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}

fn read_weekdays(sheet: &Sheet<'_>, calendar: &Section<'_>) -> [Option<At<String>>; 7] {
    let mut weekdays: [Option<At<String>>; 7] = Default::default();
    for name in calendar.names() {
        if name.value == "exception" {
            continue;
        }
        let Some((first, last)) = weekday_range(&name.value) else {
            let message = format!("[calendar] has no key `{}`", name.value);
            let help = match nearest(&name.value, WEEKDAYS.into_iter().chain(["exception"])) {
                Some(day) => format!("did you mean `{day}`?"),
                None => "write weekdays as `mon` or `mon-fri`".to_owned(),
            };
            sheet.note(Code::F01, &name.span, message, &help);
            continue;
        };
        let Some(day) = calendar.text(&name.value) else {
            continue;
        };
        for slot in weekdays.iter_mut().take(last + 1).skip(first) {
            if slot.is_some() {
                let message = format!("`{}` names a weekday a second time", name.value);
                let help = "give every weekday one day plan";
                sheet.note(Code::T04, &name.span, message, help);
                break;
            }
            *slot = Some(day.clone());
        }
    }
    weekdays
}

fn weekday_range(name: &str) -> Option<(usize, usize)> {
    let number = |day: &str| WEEKDAYS.iter().position(|weekday| *weekday == day);
    let (first, last) = name.split_once('-').unwrap_or((name, name));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

/// Reads `cabinets/links.toml`.
pub(in super::super) fn read_links(sheet: &Sheet<'_>) -> (Vec<RawLink>, Vec<RawCabinet>) {
    read_file(sheet, &LINKS_TOP, |top| {
        let links = top.tables("link", "[[link]]", &LINK, usize::MAX);
        let cabinets = top.tables("cabinet", "[[cabinet]]", &CABINET, usize::MAX);
        (
            links.iter().map(read_link).collect(),
            cabinets.iter().map(read_cabinet).collect(),
        )
    })
}

fn read_link(link: &Section<'_>) -> RawLink {
    let kinds = [
        ("modbus-tcp", LinkKind::ModbusTcp),
        ("modbus-rtu", LinkKind::ModbusRtu),
    ];
    let id = link
        .text_needed("id")
        .unwrap_or_else(|| At::new(String::new(), link.span.clone()));
    let kind = link.word_needed("kind", &kinds).map(|kind| kind.value);
    let needed: &[&str] = match kind {
        Some(LinkKind::ModbusTcp) => &["host", "first_port", "tick_hz"],
        Some(LinkKind::ModbusRtu) => &["device", "baud", "tick_hz"],
        None => &["tick_hz"],
    };
    for key in needed {
        if !link.has(key) {
            link.missing(key, &format!("add `{key} = ...`"));
        }
    }
    RawLink {
        head: link.span.clone(),
        id,
        kind,
        host: link.text("host"),
        first_port: link.whole("first_port", 0..65_536),
        device: link.text("device"),
        baud: link.whole("baud", 1200..4_000_001),
        tick_hz: link.whole("tick_hz", 0..1000),
        wide_area: link.flag("wide_area").unwrap_or(false),
    }
}

fn read_cabinet(cabinet: &Section<'_>) -> RawCabinet {
    let controls = [
        ("lamps", ControlKind::Lamps),
        ("stages", ControlKind::Stages),
    ];
    if !cabinet.has("unit") {
        cabinet.missing("unit", "add `unit = ...`, 1-247");
    }
    cabinet.word_needed("profile", &[("canonical", ())]);
    let control = cabinet.word("control", &controls);
    RawCabinet {
        head: cabinet.span.clone(),
        site: cabinet.text_needed("site"),
        link: cabinet.text_needed("link"),
        unit: cabinet.whole("unit", 1..248),
        control: control.map_or(ControlKind::Lamps, |control| control.value),
    }
}
