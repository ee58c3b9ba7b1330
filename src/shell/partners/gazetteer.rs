//! Places by name, on this machine: a desk without a map finds a scene without the Internet.

use crate::network::{LatLon, gcj02};
use crate::plan::{Datum, NamedPlace};
use crate::shell::dispatch::view;

/// Places of an answer at most.
pub const FOUND_MAX: usize = 20;

/// A place that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// What else it is called.
    pub aliases: Vec<String>,
    /// Where it is, WGS-84.
    pub at: view::LatLon,
}

/// The list, with its words as they are searched.
#[derive(Debug, Default)]
pub struct Gazetteer {
    places: Vec<(Found, Vec<String>)>,
}

impl Gazetteer {
    /// The places of the city folder.
    #[must_use]
    pub fn new(places: &[NamedPlace]) -> Self {
        let places = places.iter().map(|place| {
            let given = LatLon {
                lat_deg: place.lat_deg,
                lon_deg: place.lon_deg,
            };
            let at = match place.datum {
                Datum::Gcj02 => gcj02::to_wgs84(given),
                Datum::Wgs84 | Datum::Cgcs2000 => given,
            };
            let names = core::iter::once(&place.name).chain(&place.aliases);
            let found = Found {
                name: place.name.clone(),
                aliases: place.aliases.clone(),
                at: view::LatLon {
                    lat: at.lat_deg,
                    lon: at.lon_deg,
                },
            };
            (found, names.map(|name| plain(name)).collect())
        });
        Self {
            places: places.collect(),
        }
    }

    /// Places whose name or alias begins with `text`, then those that hold it somewhere.
    #[must_use]
    pub fn find(&self, text: &str, most: usize) -> Vec<&Found> {
        let wanted = plain(text);
        if wanted.is_empty() {
            return Vec::new();
        }
        let ranked = self.places.iter().filter_map(|(place, names)| {
            Some((rank(names.iter().map(String::as_str), &wanted)?, place))
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_by_key(|(rank, place)| (*rank, place.name.chars().count()));
        ranked
            .into_iter()
            .take(most)
            .map(|(_, place)| place)
            .collect()
    }
}

/// How well the names fit: 0 the same, 1 the beginning, 2 somewhere within.
pub fn rank<'n>(names: impl Iterator<Item = &'n str>, wanted: &str) -> Option<u8> {
    names
        .filter_map(|name| {
            if name == wanted {
                Some(0)
            } else if name.starts_with(wanted) {
                Some(1)
            } else {
                name.contains(wanted).then_some(2)
            }
        })
        .min()
}

/// A name as it is searched: no blanks and marks, small letters.
#[must_use]
pub fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, aliases: &[&str], datum: Datum) -> NamedPlace {
        NamedPlace {
            name: name.to_owned(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            lat_deg: 32.69,
            lon_deg: 109.02,
            datum,
        }
    }

    #[test]
    fn places_are_found_by_beginning_middle_and_pinyin() {
        let list = Gazetteer::new(&[
            place("城东小学", &["chengdong xiaoxue", "cdxx"], Datum::Wgs84),
            place("小学路口", &[], Datum::Wgs84),
            place("东门", &["East Gate"], Datum::Gcj02),
        ]);
        let names = |text| -> Vec<&str> {
            list.find(text, 9)
                .into_iter()
                .map(|one| &*one.name)
                .collect()
        };
        assert_eq!(names("小学"), ["小学路口", "城东小学"]);
        assert_eq!(names("CDX"), ["城东小学"]);
        assert_eq!(names("chengdongxiao"), ["城东小学"]);
        assert_eq!(names("east gate"), ["东门"]);
        assert_eq!(names("·"), Vec::<&str>::new());
        assert_eq!(list.find("小", 1).len(), 1);
        let shifted = list.find("东门", 1)[0].at;
        let metres = (shifted.lat - 32.69).hypot(shifted.lon - 109.02) * 111_000.0;
        assert!((100.0..1_000.0).contains(&metres), "{metres}");
    }
}
