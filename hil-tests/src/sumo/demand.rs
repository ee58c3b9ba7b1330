//! Who is scheduled to drive: departures as the route files have them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

use super::error::SumoError;
use super::xml::{Element, attribute, each_element};

/// Vehicles of one flow at most; a longer one is a mistake in the file.
const FLOW_MAX: u32 = 1_000_000;

/// The scheduled departures of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demand {
    /// Scheduled departure of every vehicle of the window, by id.
    pub departures: Vec<(String, f64)>,
    /// The same of everybody on foot.
    pub walkers: Vec<(String, f64)>,
    /// The type of every vehicle that names one, by its id.
    pub types: HashMap<String, String>,
    /// The class of every type that names one, by its id.
    pub classes: HashMap<String, String>,
    /// True if the files leave some departures to SUMO's dice: then only SUMO knows who is due.
    pub is_drawn: bool,
    /// True if somebody is due at the end of the window or later.
    pub goes_on: bool,
}

/// Reads who departs in `begin <= depart < end`, from route files and additional files alike.
///
/// # Errors
/// A file that cannot be read, or a departure that is no time.
pub fn departures(files: &[PathBuf], (begin, end): (u32, u32)) -> Result<Demand, SumoError> {
    let window = f64::from(begin)..f64::from(end);
    let mut demand = Demand::default();
    for file in files {
        each_element(file, &mut |element| {
            let name = element.name();
            match name.as_str() {
                "vType" => {
                    if let (Some(id), Some(class)) = (element.text("id"), element.text("vClass")) {
                        demand.classes.insert(id, class);
                    }
                }
                "person" => {
                    let id = element.text("id").unwrap_or_default();
                    if let Some(depart) = depart_of(element)?
                        && window.contains(&depart)
                    {
                        demand.walkers.push((id, depart));
                    }
                }
                "vehicle" | "trip" => {
                    let id = element.text("id").unwrap_or_default();
                    if let Some(kind) = element.text("type") {
                        demand.types.insert(id.clone(), kind);
                    }
                    match depart_of(element)? {
                        Some(depart) => demand.add(id, depart, &window),
                        None => demand.is_drawn = true,
                    }
                }
                "flow" => demand.add_flow(element, &window)?,
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(demand)
}

/// The departure of a vehicle; none if something else triggers it.
fn depart_of(element: &Element<'_>) -> Result<Option<f64>, String> {
    let told = element.text("depart").ok_or("a vehicle without `depart`")?;
    if ["triggered", "containerTriggered", "split", "now", "begin"].contains(&told.as_str()) {
        return Ok(None);
    }
    seconds(&told).map(Some)
}

/// Seconds from SUMO's `123.4` or `h:m:s`.
fn seconds(told: &str) -> Result<f64, String> {
    let bad = || format!("`{told}` is no time");
    told.split(':').try_fold(0.0, |sum: f64, part| {
        let part: f64 = part.trim().parse().map_err(|_| bad())?;
        Ok(sum * 60.0 + part)
    })
}

impl Demand {
    fn add(&mut self, id: String, depart: f64, window: &core::ops::Range<f64>) {
        self.goes_on |= depart >= window.end;
        if window.contains(&depart) {
            self.departures.push((id, depart));
        }
    }

    fn add_flow(
        &mut self,
        element: &Element<'_>,
        window: &core::ops::Range<f64>,
    ) -> Result<(), String> {
        let time = |key: &str| element.text(key).map(|told| seconds(&told)).transpose();
        let begin = time("begin")?.unwrap_or(0.0);
        let end = time("end")?;
        let number = element.number("number");
        let period = element
            .number("period")
            .or_else(|| element.number("vehsPerHour").map(|rate| 3600.0 / rate));
        let spread = || Some((end? - begin) / number?);
        let Some(period) = period.or_else(spread).filter(|period| *period > 0.0) else {
            self.is_drawn = true;
            return Ok(());
        };
        let id = element.text("id").unwrap_or_default();
        let kind = element.text("type");
        for at in 0..FLOW_MAX {
            let depart = begin + f64::from(at) * period;
            let over = end.is_some_and(|end| depart >= end)
                || number.is_some_and(|number| f64::from(at) >= number);
            if over || depart >= window.end {
                self.goes_on |= !over;
                break;
            }
            let id = format!("{id}.{at}");
            if let Some(kind) = &kind {
                self.types.insert(id.clone(), kind.clone());
            }
            self.add(id, depart, window);
        }
        Ok(())
    }
}

/// Writes a copy of a route file without those who are due at `end` or later.
///
/// # Errors
/// A file that cannot be read or written.
pub fn cut_routes(from: &Path, to: &Path, end: u32) -> Result<(), SumoError> {
    let at = |path: &Path, why| SumoError::File {
        path: path.to_owned(),
        why,
    };
    let bad = |why: String| SumoError::Xml {
        path: from.to_owned(),
        why,
    };
    let source = File::open(from).map_err(|why| at(from, why))?;
    let target = File::create(to).map_err(|why| at(to, why))?;
    let mut reader = Reader::from_reader(BufReader::new(source));
    let mut writer = Writer::new(BufWriter::new(target));
    let (mut buffer, mut inside) = (Vec::new(), 0_u32);
    loop {
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|why| bad(why.to_string()))?;
        let late = match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let named = matches!(tag.name().as_ref(), "vehicle" | "trip" | "person");
                let told = attribute(tag, "depart");
                let depart = told.and_then(|told| seconds(&told).ok());
                named && depart.is_some_and(|depart| depart >= f64::from(end))
            }
            _ => false,
        };
        let skipped = late || inside > 0;
        match &event {
            Event::Start(_) if skipped => inside += 1,
            Event::End(_) if inside > 0 => inside -= 1,
            Event::Eof => return Ok(()),
            _ => {}
        }
        if !skipped {
            writer.write_event(event).map_err(|why| at(to, why))?;
        }
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ROUTES: &str = r#"<routes>
        <vType id="car"/>
        <trip id="early" depart="9.99"/>
        <trip id="first" depart="10.00"/>
        <vehicle id="mid" depart="0:00:15"><route edges="a b"/></vehicle>
        <trip id="late" depart="20"/>
        <flow id="f" begin="0" end="40" number="4"/>
        <flow id="h" begin="12" end="14" vehsPerHour="3600"/>
    </routes>"#;

    #[test]
    fn a_window_holds_its_first_second_and_not_its_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.xml");
        fs::write(&file, ROUTES).unwrap();
        let demand = departures(core::slice::from_ref(&file), (10, 20)).unwrap();
        let ids: Vec<&str> = demand
            .departures
            .iter()
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(ids, ["first", "mid", "f.1", "h.0", "h.1"]);
        assert!(demand.goes_on && !demand.is_drawn);

        let cut = folder.path().join("cut.xml");
        cut_routes(&file, &cut, 15).unwrap();
        let left = departures(&[cut], (0, 100)).unwrap();
        let ids: Vec<&str> = left.departures.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(&ids[..2], ["early", "first"]);
        assert!(!ids.contains(&"mid") && !ids.contains(&"late"));
    }

    #[test]
    fn a_flow_by_dice_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.xml");
        fs::write(
            &file,
            r#"<routes><flow id="f" begin="0" end="9" probability="0.1"/></routes>"#,
        )
        .unwrap();
        assert!(departures(&[file], (0, 9)).unwrap().is_drawn);
    }
}
