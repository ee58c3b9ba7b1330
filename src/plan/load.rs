//! From the texts of a city folder to a checked city, or to every finding.

use alloc::collections::BTreeMap;

use super::build::build_site;
use super::checked::CheckedSite;
use super::city::{Bounds, CheckedCity, Datum, Origin};
use super::city_build::{build_city, site_name};
use super::code::{Code, Severity};
use super::finding::{Finding, Sheet};
use super::profile::CN;
use super::raw::read_city;
use crate::units::{Date, Millis};

/// The texts of a city folder by their path inside it, with `/` between folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CityFiles {
    texts: BTreeMap<String, String>,
    today: Option<Date>,
}

impl CityFiles {
    /// The same files, looked at on this day: exceptions of the calendar that are over are named.
    #[must_use]
    pub fn on(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: &str, text: &str) {
        self.texts.insert(path.to_owned(), text.to_owned());
    }

    /// The same files less the one at `path`.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.texts.remove(path);
        self
    }

    /// The text of a file: what a finding's span points into.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// How many of the files are site files.
    #[must_use]
    pub fn site_files(&self) -> usize {
        self.paths()
            .filter(|path| site_name(path).is_some())
            .count()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(super) const fn today(&self) -> Option<Date> {
        self.today
    }
}

impl FromIterator<(String, String)> for CityFiles {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(files: I) -> Self {
        Self {
            texts: files.into_iter().collect(),
            today: None,
        }
    }
}

/// What became of some files.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T> {
    /// The result; absent if a finding is an error.
    pub value: Option<T>,
    /// Every finding, by file and place; warnings do not refuse anything.
    pub findings: Vec<Finding>,
}

impl<T> Checked<T> {
    fn into_result(self) -> Result<T, Vec<Finding>> {
        self.value.ok_or(self.findings)
    }
}

/// Checks a city folder and keeps the warnings.
#[must_use]
pub fn check_city(files: &CityFiles) -> Checked<CheckedCity> {
    let (city, mut findings) = build_city(files);
    let order = |finding: &Finding| (finding.file.clone(), finding.span.start, finding.code);
    findings.sort_by_key(order);
    let refused = findings.iter().any(|f| f.severity == Severity::Error);
    Checked {
        value: city.filter(|_| !refused),
        findings,
    }
}

/// Where `city.toml` puts the city on the globe, whatever else is wrong with the folder: the road
/// network can then be checked beside the other files. Absent if the file does not say it readably.
#[must_use]
pub fn city_ground(files: &CityFiles) -> Option<(Origin, Datum)> {
    let sheet = Sheet::new("city.toml", files.text("city.toml")?);
    let raw = read_city(&sheet);
    if sheet.into_findings().iter().any(|f| f.code == Code::F06) {
        return None;
    }
    let (lat_deg, lon_deg) = raw.origin?;
    Some((Origin { lat_deg, lon_deg }, raw.datum?))
}

/// Loads a city folder.
///
/// # Errors
/// Every finding, if at least one is an error. [`check_city`] also gives the warnings of a city
/// that loads.
pub fn load_city(files: &CityFiles) -> Result<CheckedCity, Vec<Finding>> {
    check_city(files).into_result()
}

/// Checks one site file on its own: the bounds are those of the profile, and its first plan runs
/// day and night.
#[must_use]
pub fn check_site(path: &str, text: &str) -> Checked<CheckedSite> {
    let bounds = Bounds {
        corridor_hold_max: CN.corridor_hold_default,
        corridor_wait_max: CN.corridor_wait_default,
        corridor_red_max: CN.corridor_red_default,
        corridor_length_max: Millis::from_secs(3600),
    };
    let sheet = Sheet::new(path, text);
    let built = build_site(&sheet, &bounds);
    let findings = sheet.into_findings();
    let refused = findings.iter().any(|f| f.severity == Severity::Error);
    Checked {
        value: built.site.filter(|_| !refused),
        findings,
    }
}

/// Loads one site file on its own.
///
/// # Errors
/// Every finding, if at least one is an error.
pub fn load_site(path: &str, text: &str) -> Result<CheckedSite, Vec<Finding>> {
    check_site(path, text).into_result()
}
