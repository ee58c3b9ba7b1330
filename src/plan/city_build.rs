//! A city from its files: the sites, and everything that files must agree on.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::build::{SitePlaces, build_site};
use super::calendar_build::{build_calendar, schedule_of};
use super::checked::CheckedSite;
use super::city::{Bounds, Calendar, CheckedCity, EmergencyClass, Mission, Origin};
use super::code::Code;
use super::console_build::{ConsoleLinks, build_console};
use super::feeds_file::{FEEDS_FILE, read_feeds};
use super::finding::{Finding, Sheet};
use super::fleet_build::build_fleet;
use super::fleet_csv::FLEET_FILE;
use super::gazetteer_csv::{GAZETTEER_FILE, read_gazetteer};
use super::link_build::{Sites, build_links};
use super::load::CityFiles;
use super::names::nearest;
use super::partners::Partners;
use super::partners_file::{PARTNERS_FILE, read_partners};
use super::profile::CN;
use super::raw::{RawCity, RawConsole, RawMission, read_calendar, read_city, read_links};
use super::roads::Roads;
use super::tuning::Tuning;
use super::tuning_file::{TUNING_FILE, read_tuning};
use super::wave_build::build_waves;
use crate::units::{Length, Millis};

/// The files every city has beside its sites.
const CITY_FILES: [&str; 4] = [
    "city.toml",
    "calendar.toml",
    "cabinets/links.toml",
    "network.geojson",
];

/// The files a city may have beside them.
const OPTIONAL_FILES: [&str; 5] = [
    TUNING_FILE,
    FLEET_FILE,
    FEEDS_FILE,
    PARTNERS_FILE,
    GAZETTEER_FILE,
];

/// A site file as far as it could be read.
pub(super) struct SiteFile<'t> {
    pub(super) sheet: Sheet<'t>,
    pub(super) places: SitePlaces,
    pub(super) site: Option<CheckedSite>,
}

/// Reads every file of the city; the city is absent if something refuses it.
pub(super) fn build_city(files: &CityFiles) -> (Option<CheckedCity>, Vec<Finding>) {
    let needed = |path| needed_sheet(files, path);
    let [city_sheet, calendar_sheet, links_sheet, roads_sheet] = CITY_FILES.map(needed);
    let present = |sheet: &Sheet<'_>| sheet.errors() == 0;

    let raw_city = present(&city_sheet).then(|| read_city(&city_sheet));
    let bounds = bounds_of(raw_city.as_ref());
    let mut sites = read_sites(files, &bounds);
    let roads = present(&roads_sheet)
        .then(|| Roads::read(&roads_sheet))
        .flatten();
    if let Some(roads) = &roads {
        check_roads(roads, &roads_sheet, &sites);
    }
    let calendar = present(&calendar_sheet).then(|| {
        let raw = read_calendar(&calendar_sheet);
        build_calendar(&calendar_sheet, &raw, &sites, files.today())
    });
    let cabinets = present(&links_sheet).then(|| {
        let (links, cabinets) = read_links(&links_sheet);
        let known = Sites::of(&sites, roads.as_ref());
        build_links(&links_sheet, &known, &links, &cabinets)
    });
    let optional = OPTIONAL_FILES.map(|path| Some(Sheet::new(path, files.text(path)?)));
    let [tuning, fleet, feeds, partners, places] = &optional;
    let (mut raw_waves, mut raw_console) = (Vec::new(), RawConsole::default());
    let parts = raw_city.and_then(|mut raw| {
        raw_waves = core::mem::take(&mut raw.waves);
        raw_console = core::mem::take(&mut raw.console);
        let missions = build_missions(&city_sheet, &raw, roads.as_ref());
        let listed = build_fleet(&city_sheet, &raw, fleet.as_ref(), files.today());
        let mut city = city_parts(&city_sheet, raw, bounds)?;
        (city.missions, (city.agencies, city.vehicles)) = (missions, listed);
        city.feeds = read_feeds(feeds.as_ref(), &city.vehicles);
        city.partners = read_partners(partners.as_ref(), &city.agencies);
        city.gazetteer = read_gazetteer(places.as_ref(), city.origin);
        Some(city)
    });

    let tuning = Arc::new(tuning.as_ref().map(read_tuning).unwrap_or_default());

    let checked = take_sites(&mut sites, calendar.as_ref(), &tuning);
    let known = checked.as_deref().unwrap_or_default();
    let waves = build_waves(&city_sheet, &raw_waves, known);
    let console = build_console(&city_sheet, &raw_console, known);
    let sheets = [city_sheet, calendar_sheet, links_sheet, roads_sheet];
    let site_sheets = sites.into_iter().map(|file| file.sheet);
    let others = files.all().filter(|(path, _)| !is_read(path));
    let other_sheets = others.map(|(path, text)| Sheet::new(path, text));
    let sheets = sheets.into_iter().chain(optional.into_iter().flatten());
    let findings = all_findings(sheets.chain(site_sheets).chain(other_sheets));
    let city = parts.and_then(|mut city| {
        city.sites = checked?;
        (city.waves, city.console) = (waves, console);
        city.calendar = calendar?;
        (city.links, city.cabinets) = cabinets?;
        Some(city)
    });
    (city, findings)
}

/// A file that every city has; that it is missing is a finding.
fn needed_sheet<'t>(files: &'t CityFiles, path: &'static str) -> Sheet<'t> {
    let sheet = Sheet::new(path, files.text(path).unwrap_or(""));
    if files.text(path).is_none() {
        let message = format!("the city has no file {path}");
        sheet.note(Code::F07, &(0..0), message, "add the file");
    }
    sheet
}

fn all_findings<'t>(sheets: impl Iterator<Item = Sheet<'t>>) -> Vec<Finding> {
    sheets.flat_map(Sheet::into_findings).collect()
}

/// The sites with what the whole city gives them; nothing if a site is missing.
fn take_sites(
    files: &mut [SiteFile<'_>],
    calendar: Option<&Calendar>,
    tuning: &Arc<Tuning>,
) -> Option<Vec<Arc<CheckedSite>>> {
    let sites = files.iter_mut().map(|file| {
        let mut site = file.site.take()?;
        site.tuning = Arc::clone(tuning);
        if let Some(calendar) = calendar {
            site.schedule = schedule_of(calendar, &site.plans);
        }
        Some(Arc::new(site))
    });
    sites.collect()
}

fn bounds_of(raw: Option<&RawCity>) -> Bounds {
    let or = |time: Option<Millis>, usual: Millis| time.unwrap_or(usual);
    let given = |time: fn(&RawCity) -> Option<Millis>| raw.and_then(time);
    Bounds {
        corridor_hold_max: or(
            given(|raw| raw.corridor_hold.as_ref().map(|time| time.value)),
            CN.corridor_hold_default,
        ),
        corridor_wait_max: or(
            given(|raw| raw.corridor_wait.as_ref().map(|time| time.value)),
            CN.corridor_wait_default,
        ),
        corridor_red_max: or(
            given(|raw| raw.corridor_red.as_ref().map(|time| time.value)),
            CN.corridor_red_default,
        ),
        corridor_length_max: or(
            given(|raw| raw.corridor_length.as_ref().map(|time| time.value)),
            Millis::from_secs(3600),
        ),
    }
}

/// True for the files that are read for what they say; of others only their encoding is looked at.
fn is_read(path: &str) -> bool {
    CITY_FILES.contains(&path) || OPTIONAL_FILES.contains(&path) || site_name(path).is_some()
}

/// The name a site file gives its site.
pub(super) fn site_name(path: &str) -> Option<&str> {
    path.strip_prefix("sites/")?.strip_suffix(".toml")
}

/// Every site file, sorted by the id of the site.
fn read_sites<'t>(files: &'t CityFiles, bounds: &Bounds) -> Vec<SiteFile<'t>> {
    let mut sites = Vec::new();
    for (path, text) in files.all() {
        let Some(name) = site_name(path) else {
            continue;
        };
        let sheet = Sheet::new(path, text);
        let built = build_site(&sheet, bounds);
        let places = built.places;
        if let Some(id) = places.id.as_ref().filter(|id| id.value != name) {
            let message = format!("the file of site \"{}\" is named {name}.toml", id.value);
            let help = "name the file after the site";
            sheet.note(Code::F12, &id.span, message, help);
        }
        sites.push(SiteFile {
            sheet,
            places,
            site: built.site,
        });
    }
    let id_of = |file: &SiteFile<'_>| file.places.id.as_ref().map(|id| id.value.clone());
    sites.sort_by_key(id_of);
    sites
}

fn check_roads(roads: &Roads, sheet: &Sheet<'_>, sites: &[SiteFile<'_>]) {
    let mut stands: BTreeMap<&str, usize> = BTreeMap::new();
    let with_site = roads
        .sites
        .iter()
        .filter_map(|(junction, site)| Some((junction, site.as_deref()?)));
    for (junction, site) in with_site {
        *stands.entry(site).or_default() += 1;
        let known = sites.iter().filter_map(|file| file.places.id.as_ref());
        if !known.clone().any(|id| id.value == site) {
            let message = format!("\"{junction}\" names site \"{site}\", which has no file");
            let help = format!(
                "add sites/{site}.toml, or leave `site` out for a junction without signals"
            );
            sheet.note(
                Code::E08,
                &Roads::span_of(sheet.text, junction),
                message,
                &help,
            );
        }
    }
    for file in sites {
        let Some(id) = &file.places.id else {
            continue;
        };
        let places = stands.get(id.value.as_str()).copied().unwrap_or(0);
        if places != 1 {
            let message = format!(
                "site \"{}\" stands at {places} places of the network",
                id.value
            );
            let help = "name the site at one junction or crossing of network.geojson";
            file.sheet.note(Code::E08, &id.span, message, help);
            continue;
        }
        check_site_roads(roads, file, &id.value);
    }
}

fn check_site_roads(roads: &Roads, file: &SiteFile<'_>, site: &str) {
    let into: Vec<&str> = roads.ending_at(site).collect();
    for road in &file.places.roads {
        if into.contains(&road.value.as_str()) {
            continue;
        }
        let message = if roads.ends.contains_key(&road.value) {
            format!("road \"{}\" does not end at this site", road.value)
        } else {
            format!("the network has no road \"{}\"", road.value)
        };
        let help = match nearest(&road.value, into.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("roads that end here: {}", into.join(", ")),
        };
        file.sheet.note(Code::E06, &road.span, message, &help);
    }
    for road in into {
        if file.places.roads.iter().all(|named| named.value != road) {
            let message = format!("road \"{road}\" ends here and has no approach");
            let help = "add an [[approach]] with this road";
            file.sheet.note(Code::E07, &file.places.head, message, help);
        }
    }
}

fn city_parts(sheet: &Sheet<'_>, raw: RawCity, bounds: Bounds) -> Option<CheckedCity> {
    if let Some(zone) = raw
        .timezone
        .as_ref()
        .filter(|z| !CN.timezones.contains(&z.value.as_str()))
    {
        let message = format!("time zone \"{}\" is not known to the profile", zone.value);
        let help = format!("one of: {}", CN.timezones.join(", "));
        sheet.note(Code::T08, &zone.span, message, &help);
    }
    let mut classes: Vec<EmergencyClass> = Vec::new();
    for class in &raw.classes {
        let (Some(id), Some(rank)) = (&class.id, &class.rank) else {
            continue;
        };
        if classes.iter().any(|known| known.id == id.value) {
            let message = format!("class \"{}\" exists already", id.value);
            sheet.note(Code::F04, &id.span, message, "name every class once");
        }
        if class.preempts && id.value == "escort" {
            let message = "an escort has priority and never preempts".to_owned();
            sheet.note(Code::F08, &id.span, message, "write `preempts = false`");
        }
        classes.push(EmergencyClass {
            id: id.value.to_owned(),
            rank: u8::try_from(rank.value).unwrap_or(u8::MAX),
            preempts: class.preempts,
        });
    }
    classes.sort_by_key(|class| class.rank);
    let (lat_deg, lon_deg) = raw.origin?;
    Some(CheckedCity {
        id: raw.id?.value,
        name_zh: raw.name_zh?.value,
        name_en: raw.name_en?.value,
        timezone: raw.timezone?.value,
        datum: raw.datum?,
        synthetic: raw.synthetic,
        origin: Origin { lat_deg, lon_deg },
        classes,
        agencies: Vec::new(),
        vehicles: Vec::new(),
        bounds,
        missions: Vec::new(),
        waves: Vec::new(),
        console: ConsoleLinks::default(),
        sites: Vec::new(),
        calendar: Calendar::default(),
        links: Vec::new(),
        cabinets: Vec::new(),
        feeds: Vec::new(),
        partners: Partners::default(),
        gazetteer: Vec::new(),
    })
}

fn build_missions(sheet: &Sheet<'_>, raw: &RawCity, roads: Option<&Roads>) -> Vec<Mission> {
    super::build::check_unique(sheet, "mission", raw.missions.iter().map(|m| &m.id));
    let build = |mission: &RawMission| {
        let (class, road, to) = (
            mission.class.as_ref()?,
            mission.road.as_ref()?,
            mission.to.as_ref()?,
        );
        let classes = raw.classes.iter().filter_map(|class| class.id.as_ref());
        let mut names: Vec<(&super::tree::At<String>, bool)> = Vec::new();
        names.push((
            class,
            classes.clone().any(|known| known.value == class.value),
        ));
        if let Some(roads) = roads {
            names.push((road, roads.ends.contains_key(&road.value)));
            names.push((to, roads.places.contains(&to.value)));
        }
        for (name, _) in names.iter().filter(|(_, known)| !known) {
            let message = format!(
                "mission \"{}\": nothing is called \"{}\"",
                mission.id.value, name.value
            );
            let help = "name a class of city.toml, a road and a place of network.geojson";
            sheet.note(Code::F11, &name.span, message, help);
        }
        if let Some(length) = roads.and_then(|roads| roads.lengths.get(&road.value)) {
            check_start(sheet, mission, *length);
        }
        Some(Mission {
            id: mission.id.value.clone(),
            name_zh: named(mission.name_zh.as_ref(), &mission.id),
            name_en: named(mission.name_en.as_ref(), &mission.id),
            class: class.value.clone(),
            from_road: road.value.clone(),
            from_at: mission.at.as_ref().map(|at| at.value).unwrap_or_default(),
            to: to.value.clone(),
        })
    };
    raw.missions.iter().filter_map(build).collect()
}

/// A name for people; the id where none is given.
pub(super) fn named(
    name: Option<&super::tree::At<String>>,
    id: &super::tree::At<String>,
) -> String {
    name.unwrap_or(id).value.clone()
}

/// A vehicle starts on its road, not beyond it.
fn check_start(sheet: &Sheet<'_>, mission: &RawMission, length: Length) {
    let Some(at) = mission.at.as_ref().filter(|at| at.value > length) else {
        return;
    };
    let metres = |length: Length| f64::from(length.as_mm()) / 1000.0;
    let message = format!(
        "mission \"{}\" starts {} m along a road of {} m",
        mission.id.value,
        metres(at.value),
        metres(length)
    );
    let help = format!("write `at_m` from 0 to {}", metres(length));
    sheet.note(Code::F08, &at.span, message, &help);
}
