//! What runs have taught, as a station begins with it.

use std::path::Path;

use jiff::Timestamp;

use super::super::load::LoadedCity;
use super::super::out::warn;
use crate::corridor::Paces;
use crate::shell::learned::{Kind, Learned, Lessons, Town, read};

/// What a station keeps, in its data folder.
const KEPT: &str = "learned.json";
/// What `greenwave corridor calibrate --out` has written for a city, in its folder.
const OF_CITY: &str = "calibration.json";

/// What the data folder keeps, or else what the city's folder says, or else what the model is off by
/// elsewhere. Prices come from the city's folder first: no station sees a street without the key.
///
/// No file stops the start. One that cannot be used is said, and the kept one put aside.
pub(super) fn begin(data: &Path, site: Option<&Path>, loaded: &LoadedCity) -> (Lessons, Paces) {
    let of_city = site.and_then(|site| of_city(site, loaded));
    let path = data.join(KEPT);
    let kept = match read(&path, town(loaded)) {
        Ok(kept) => kept,
        Err(why) => {
            warn(&why.to_string());
            put_aside(&path);
            None
        }
    };
    let has_own = of_city.is_some();
    let (learned, paces) = match (kept, of_city) {
        (Some((kept, paces)), Some((city, _))) => (kept.over(&city), paces),
        (Some(known), None) => known,
        (None, Some((city, paces))) => (Learned::default().over(&city), paces),
        (None, None) => (Learned::default(), Paces::default()),
    };
    tell((&learned, has_own), &paces);
    (Lessons::new(learned, path, &loaded.city.id), paces)
}

/// The city's own calibration, if it has a good one.
pub(in super::super) fn of_city(site: &Path, loaded: &LoadedCity) -> Option<(Learned, Paces)> {
    read(&site.join(OF_CITY), town(loaded)).unwrap_or_else(|why| {
        warn(&why.to_string());
        None
    })
}

pub(in super::super) fn town(loaded: &LoadedCity) -> Town<'_> {
    Town {
        id: &loaded.city.id,
        graph: &loaded.graph,
    }
}

/// What cannot be read must not be written over: somebody may want to mend it.
fn put_aside(path: &Path) {
    let aside = path.with_extension(format!("broken-{}", Timestamp::now().as_second()));
    match std::fs::rename(path, &aside) {
        Ok(()) => warn(&format!(
            "it was put aside as {}; mended, it can be put back while the station is stopped",
            aside.display()
        )),
        Err(why) => warn(&format!("it cannot be put aside: {why}")),
    }
}

/// What a dispatcher's preview rests on; beside the standard output, which may be read by a program.
fn tell((learned, has_own): (&Learned, bool), paces: &Paces) {
    let errors = learned.of(Kind::Emergency);
    let (middle, late) = errors.known().late();
    let per_cent = |per_mille: i32| f64::from(per_mille) / 10.0;
    let by = match (errors.runs(), has_own) {
        (0, true) => format!("what {OF_CITY} says"),
        (0, false) => "what runs in other cities taught: nobody has driven here yet".to_owned(),
        (1, _) => "1 run".to_owned(),
        (runs, _) => format!("{runs} runs"),
    };
    warn(&format!(
        "previews are corrected by {by} (against the model one in two came up to {:+.1} % later, nine in \
         ten up to {:+.1} %); the speeds of {} roads are known",
        per_cent(middle),
        per_cent(late),
        paces.roads(),
    ));
}

#[cfg(test)]
mod tests {
    use super::super::super::load::load_demo;
    use super::*;
    use crate::journal::worth::Lesson;
    use crate::shell::learned::text;

    fn calibrated(lates: &[i32]) -> Learned {
        let mut learned = Learned::default();
        for late in lates {
            learned.learn(Kind::Emergency, Lesson::Late(*late));
        }
        learned
    }

    fn write(path: &Path, learned: &Learned, loaded: &LoadedCity) {
        let text = text(learned, &Paces::default(), town(loaded)).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_station_goes_on_with_what_it_kept() {
        let loaded = load_demo().ok().unwrap();
        let (data, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let begun = || begin(data.path(), Some(site.path()), &loaded).0.learned();
        assert_eq!(begun(), Learned::default());
        let of_city = calibrated(&[700; 40]);
        write(&site.path().join(OF_CITY), &of_city, &loaded);
        let first = begun();
        assert_eq!(
            first.of(Kind::Emergency).known(),
            of_city.of(Kind::Emergency).known()
        );
        assert_eq!(
            first.of(Kind::Emergency).runs(),
            0,
            "none of them was seen here"
        );
        let kept = calibrated(&[20; 3]);
        write(&data.path().join(KEPT), &kept, &loaded);
        assert_eq!(begun(), kept);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_stops_no_start() {
        let loaded = load_demo().ok().unwrap();
        let (data, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(data.path().join(KEPT), "{\"version\":1,").unwrap();
        std::fs::write(site.path().join(OF_CITY), "[]").unwrap();
        let (lessons, paces) = begin(data.path(), Some(site.path()), &loaded);
        assert_eq!((lessons.learned(), paces), Default::default());
        let names = std::fs::read_dir(data.path()).unwrap().flatten();
        let names: Vec<_> = names.map(|one| one.file_name()).collect();
        let [aside] = names.as_slice() else {
            panic!("{names:?}");
        };
        assert!(aside.to_string_lossy().starts_with("learned.broken-"));
        assert!(site.path().join(OF_CITY).exists(), "the engineer's own");
        lessons.write(&Paces::default(), &loaded.graph);
        assert!(
            read(&data.path().join(KEPT), town(&loaded))
                .unwrap()
                .is_some()
        );
    }
}
