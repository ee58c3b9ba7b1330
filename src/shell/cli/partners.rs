//! `greenwave decode`, `simulate-vehicle` and `simulate-cad`: what partners send, taken apart and
//! made up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Failure;
use super::corridor::prepared;
use super::load::{LoadedCity, load_demo, load_folder};
use super::out::{say, warn};
use crate::plan::Datum;
use crate::shell::planner::Planner;
use crate::shell::simulators::cad::{Desk, Misdeed, Persona, Shift, SignIn, run_shift};
use crate::shell::simulators::vehicle::{
    Course, Fault, Habits, Reporter, Speaks, StreetDriver, Trip, drive,
};
use crate::shell::vehicles::jt808::{Phone, frame_json};
use crate::shell::vehicles::nmea::sentence_json;

/// One frame or sentence, as JSON.
#[derive(Debug, Subcommand)]
pub(super) enum Decode {
    /// A frame of JT/T 808-2013 or -2019 in hexadecimal, marks 7e included; blanks do not matter.
    Jt808 {
        /// The frame.
        #[arg(required = true)]
        hex: Vec<String>,
    },
    /// A sentence of NMEA 0183, as `$GNRMC,...*6A`; put it in single quotes.
    Nmea {
        /// The sentence.
        text: String,
    },
}

/// Options of `simulate-vehicle`.
#[derive(Debug, Args)]
pub(super) struct SimulateVehicle {
    /// Where the feed listens, as 127.0.0.1:7611; a feed with `test = true` moves nothing.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) to: SocketAddr,
    /// The city folder; the demo city if absent.
    #[arg(long)]
    pub(super) site: Option<PathBuf>,
    /// The way: a prepared mission of city.toml.
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub(super) mission: String,
    /// The vehicle of the fleet list; the first one of the mission's class if absent.
    #[arg(long, value_name = "ID")]
    pub(super) vehicle: Option<String>,
    /// What it speaks.
    #[arg(long, value_enum, default_value = "jt808-2019")]
    pub(super) speak: Speaks,
    /// Another terminal number than the list's.
    #[arg(long)]
    pub(super) phone: Option<String>,
    /// How fast it drives; it stops for no light and no queue.
    #[arg(long, default_value_t = 45.0, value_parser = number_of::<1, 180>)]
    pub(super) speed_kmh: f64,
    /// Drive instead in the street of `greenwave emulate --street ADDRESS`: among its traffic, and by
    /// what its lamps show.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["speed_kmh", "lag_s"])]
    pub(super) street: Option<SocketAddr>,
    /// Time between reports; a gateway may order more of them.
    #[arg(long, default_value_t = 1.0, value_parser = number_of::<0, 600>)]
    pub(super) period_s: f64,
    /// It stands at the start for so long.
    #[arg(long, default_value_t = 5.0, value_parser = number_of::<0, 3600>)]
    pub(super) stands_s: f64,
    /// Spread of its positions.
    #[arg(long, default_value_t = 3.0, value_parser = number_of::<0, 500>)]
    pub(super) noise_m: f64,
    /// It sends so late.
    #[arg(long, default_value_t = 0.0, value_parser = number_of::<0, 600>)]
    pub(super) lag_s: f64,
    /// Share of reports that are lost.
    #[arg(long, default_value_t = 0.0, value_parser = number_of::<0, 100>)]
    pub(super) loss_percent: f64,
    /// The datum it reports in.
    #[arg(long, default_value = "wgs84", value_parser = ["wgs84", "gcj02"])]
    pub(super) datum: String,
    /// What it does wrong, and from when to when in the trip: jump, freeze, datum, no-fix, silent,
    /// backlog, checksum, noise, duplicate, stale.
    #[arg(long, value_name = "KIND[@SECONDS[..SECONDS]]", value_parser = parse_fault)]
    pub(super) fault: Vec<(Fault, f64, f64)>,
    /// End after so long, whatever is left of the way.
    #[arg(long)]
    pub(super) seconds: Option<u32>,
    /// The seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `simulate-cad`.
#[derive(Debug, Args)]
pub(super) struct SimulateCad {
    /// The one-time link that `greenwave run` or `demo` printed.
    #[arg(long, value_name = "LINK", required_unless_present = "token")]
    pub(super) sign_in: Option<String>,
    /// The installation, for a desk with a token.
    #[arg(long, value_name = "http://HOST:PORT", requires = "token")]
    pub(super) api: Option<String>,
    /// A bearer token of an integration account.
    #[arg(
        long,
        env = "GREENWAVE_TOKEN",
        hide_env_values = true,
        requires = "api"
    )]
    pub(super) token: Option<String>,
    /// Whose desk it is.
    #[arg(long, value_enum, default_value = "hospital")]
    pub(super) persona: Persona,
    /// How many incidents.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) incidents: u32,
    /// Time between incidents.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub(super) pause_s: u32,
    /// A mission that is not over by then is cancelled.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(super) watch_s: u32,
    /// Only this vehicle.
    #[arg(long, value_name = "ID")]
    pub(super) vehicle: Option<String>,
    /// Only one mission an incident: from where the vehicle reports to be, to this place.
    #[arg(long, value_name = "PLACE", requires = "vehicle")]
    pub(super) to: Option<String>,
    /// Misbehave after the first mission was opened; `all` for every kind. Exit 1 if the
    /// installation answers otherwise than it must.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = parse_misdeeds)]
    pub(super) fault: Vec<Misdeeds>,
    /// The seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// One misdeed, or all of them.
#[derive(Clone, Debug)]
pub(super) struct Misdeeds(Vec<Misdeed>);

fn parse_misdeeds(text: &str) -> Result<Misdeeds, String> {
    use clap::ValueEnum as _;
    if text == "all" {
        return Ok(Misdeeds(Misdeed::ALL.to_vec()));
    }
    Misdeed::from_str(text, false)
        .map(|one| Misdeeds(vec![one]))
        .map_err(|_| {
            let names = Misdeed::value_variants().iter().filter_map(|one| {
                one.to_possible_value()
                    .map(|value| value.get_name().to_owned())
            });
            format!("all, {}", names.collect::<Vec<_>>().join(", "))
        })
}

fn parse_fault(text: &str) -> Result<(Fault, f64, f64), String> {
    use clap::ValueEnum as _;
    let (kind, times) = text.split_once('@').unwrap_or((text, "0"));
    let kind = Fault::from_str(kind, false).map_err(|_| format!("no fault {kind}"))?;
    let (from, to) = times.split_once("..").unwrap_or((times, ""));
    let seconds = |text: &str| {
        let number: Option<f64> = text.parse().ok();
        number.filter(|number| number.is_finite() && *number >= 0.0)
    };
    let wrong = || format!("{times} is no time: write @20 or @20..35, in seconds of the trip");
    let from = seconds(from).ok_or_else(wrong)?;
    let to = if to.is_empty() {
        f64::INFINITY
    } else {
        seconds(to).ok_or_else(wrong)?
    };
    Ok((kind, from, to))
}

/// A finite number from `LOW` to `HIGH`.
fn number_of<const LOW: u32, const HIGH: u32>(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let range = f64::from(LOW)..=f64::from(HIGH);
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| format!("a number from {LOW} to {HIGH}"))
}

pub(super) fn decode(what: &Decode) -> Result<(), Failure> {
    let decoded = match what {
        Decode::Jt808 { hex } => {
            let text: String = hex.concat();
            bytes_of(&text).and_then(|raw| frame_json(&raw).map_err(|fault| fault.to_string()))
        }
        Decode::Nmea { text } => sentence_json(text.as_bytes()).map_err(|fault| fault.to_string()),
    };
    match decoded {
        Ok(object) => {
            say(&format!("{object:#}"));
            Ok(())
        }
        Err(why) => {
            warn(&format!("greenwave: {why}"));
            Err(Failure::Findings)
        }
    }
}

/// The bytes of hexadecimal digits; blanks, colons and a leading 0x do not matter.
fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim().trim_start_matches("0x");
    let mut digits = Vec::new();
    for (place, letter) in text.chars().enumerate() {
        match letter
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
        {
            Some(digit) => digits.push(digit),
            None if letter.is_whitespace() || letter == ':' => {}
            None => {
                return Err(format!(
                    "character {place}: expected a hexadecimal digit, found {letter:?}"
                ));
            }
        }
    }
    if digits.len() % 2 == 1 {
        return Err(format!(
            "expected two digits a byte, found {} digits",
            digits.len()
        ));
    }
    let pairs = digits.chunks_exact(2);
    Ok(pairs
        .map(|pair| pair.iter().fold(0, |sum, digit| (sum << 4) | digit))
        .collect())
}

pub(super) fn simulate_vehicle(options: &SimulateVehicle) -> Result<(), Failure> {
    let loaded = match &options.site {
        Some(folder) => load_folder(folder)?,
        None => load_demo()?,
    };
    let (reporter, trip, id) = trip_of(&loaded, options)?;
    let tell_json = options.json;
    if !tell_json {
        let how = match reporter.lasts_s() {
            Some(lasts_s) => format!("drives for {lasts_s:.0} s"),
            None => "drives in the street".to_owned(),
        };
        say(&format!("{id} {how} and reports to {}", options.to));
    }
    let mut tell = |what: &str, about: Value| {
        say(&line_of(tell_json, what, about));
    };
    let runtime = super::station::runtime("vehicle", 1)?;
    let outcome = runtime
        .block_on(drive(&trip, reporter, &mut tell))
        .map_err(Failure::Runtime)?;
    say(&line_of(options.json, "trip", outcome.json()));
    Ok(())
}

fn trip_of(
    loaded: &LoadedCity,
    options: &SimulateVehicle,
) -> Result<(Reporter, Trip, String), Failure> {
    let mission = prepared(loaded, &options.mission)?;
    let class = mission.class.word();
    let mut vehicles = loaded.city.vehicles.iter();
    let listed = match &options.vehicle {
        Some(id) => vehicles.find(|vehicle| vehicle.id == *id).ok_or_else(|| {
            let known: Vec<&str> = loaded
                .city
                .vehicles
                .iter()
                .map(|one| one.id.as_str())
                .collect();
            Failure::Usage(format!("--vehicle {id}: the list has {}", known.join(", ")))
        })?,
        None => vehicles
            .find(|vehicle| vehicle.class == class)
            .ok_or_else(|| Failure::Usage(format!("the list has no vehicle of class {class}")))?,
    };
    let planner = Planner {
        city: loaded.city.clone().into(),
        graph: loaded.graph.clone().into(),
    };
    let route = planner
        .route((mission.from, mission.to), planner.size_of(mission.class))
        .map_err(|why| Failure::runtime(&why))?;
    let number = options.phone.as_deref().unwrap_or(&listed.terminal_id);
    let phone = Phone::from_digits(number);
    if options.speak == Speaks::Jt808Of2013 && number.trim_start_matches('0').len() > 12 {
        return Err(Failure::Usage(format!(
            "{number} has more than the 12 digits of 2013"
        )));
    }
    let habits = Habits {
        speed_mps: options.speed_kmh / 3.6,
        stands_s: options.stands_s,
        period_s: options.period_s.max(0.05),
        noise_m: options.noise_m,
        lag_s: options.lag_s,
        loss: options.loss_percent / 100.0,
        datum: if options.datum == "gcj02" {
            Datum::Gcj02
        } else {
            Datum::Wgs84
        },
        faults: options.fault.clone(),
        seed: options.seed,
    };
    let trip = Trip {
        speaks: options.speak,
        to: options.to,
        phone,
        plate: listed.plate.clone(),
        at_most_s: options.seconds.map_or(f64::INFINITY, f64::from),
    };
    let course = Course::along(&loaded.graph, &route);
    let mut reporter = Reporter::new(course, habits);
    if let Some(street) = options.street {
        let driver = StreetDriver::connect(street, &listed.id, &mission.id);
        reporter = reporter.driven_by(Box::new(driver.map_err(Failure::Runtime)?));
    }
    Ok((reporter, trip, listed.id.clone()))
}

pub(super) fn simulate_cad(options: &SimulateCad) -> Result<(), Failure> {
    let how = match (&options.sign_in, &options.api, &options.token) {
        (Some(link), _, _) => SignIn::Link(link.clone()),
        (None, Some(api), Some(token)) => SignIn::Token(api.clone(), token.clone()),
        _ => {
            return Err(Failure::Usage(
                "give --sign-in, or --api and --token".to_owned(),
            ));
        }
    };
    let mut desk = Desk::sign_in(&how, options.seed).map_err(Failure::Runtime)?;
    let tell_json = options.json;
    let mut tell = |what: &str, about: Value| say(&line_of(tell_json, what, about));
    tell("signed-in", json!({ "agency": desk.agency() }));
    let shift = Shift {
        persona: options.persona,
        incidents: options.incidents,
        pause: Duration::from_secs(options.pause_s.into()),
        watch: Duration::from_secs(options.watch_s.into()),
        vehicle: options.vehicle.clone(),
        to: options.to.clone(),
        misdeeds: options
            .fault
            .iter()
            .flat_map(|some| some.0.clone())
            .collect(),
    };
    let result = run_shift(&mut desk, &shift, &mut tell).map_err(Failure::Runtime)?;
    tell("shift", result.json());
    if result.answered_wrong > 0 {
        return Err(Failure::Findings);
    }
    Ok(())
}

/// A line for a machine, or for a person.
fn line_of(as_json: bool, what: &str, about: Value) -> String {
    if as_json {
        return json!({ "what": what, "about": about }).to_string();
    }
    let Value::Object(fields) = about else {
        return what.to_owned();
    };
    let words = fields.iter().map(|(key, value)| match value {
        Value::String(text) => format!("{key} {text}"),
        other => format!("{key} {other}"),
    });
    format!("{what}: {}", words.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_numbers_are_read_or_refused_by_name() {
        assert_eq!(parse_fault("jump@20..35"), Ok((Fault::Jump, 20.0, 35.0)));
        assert_eq!(
            parse_fault("no-fix").map(|(_, from, to)| (from, to.is_infinite())),
            Ok((0.0, true))
        );
        for bad in ["hop", "jump@", "jump@-1", "jump@1..x", "jump@NaN"] {
            assert!(parse_fault(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_misdeeds("all").unwrap().0.len(), 11);
        assert!(
            parse_misdeeds("rob")
                .unwrap_err()
                .starts_with("all, duplicate, replay")
        );
        assert!(number_of::<1, 180>("181").is_err());
    }

    #[test]
    fn hexadecimal_is_read_as_people_paste_it() {
        assert_eq!(bytes_of(" 7E 02:00"), Ok(vec![0x7e, 2, 0]));
        assert_eq!(bytes_of("0x7e"), Ok(vec![0x7e]));
        assert!(bytes_of("7e0").unwrap_err().contains("two digits"));
        assert_eq!(
            bytes_of("7eg0").unwrap_err(),
            "character 2: expected a hexadecimal digit, found 'g'"
        );
    }
}
