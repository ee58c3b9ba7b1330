//! `greenwave emulate`: the city's cabinets and a virtual street, as a process of their own.

mod faults;
mod port;
mod street_account;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Failure;
use super::args::Emulate;
use super::demo::{warm_street, wires};
use super::load::{LoadedCity, load_folder};
use super::out::say;
use super::station::runtime;
use super::stop_signal::StopSignal;
use faults::{Change, Schedule};

pub(super) use faults::{Order as FaultOrder, help as fault_help};

use crate::shell::emulated_city::{CabinetAddress, EmulatedCity, StreetOrder};
use crate::shell::field::FieldClock;
use crate::shell::field::map::{ActiveMode, Mode};

/// How often the cabinets' modes are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Cabinets that nobody drives by then keep nobody waiting.
const DRIVEN_WITHIN: Duration = Duration::from_mins(1);

pub(super) fn emulate(options: &Emulate) -> Result<(), Failure> {
    let loaded = Arc::new(load_folder(&options.site)?);
    check_faults(&loaded, &options.fault)?;
    let street = warm_street(&loaded, options.seed)?;
    let waiting = runtime("wait", 1)?;
    let mut stop = StopSignal::listen(&waiting)?;
    let cabinets = runtime("cabinets", 2)?;
    let city = EmulatedCity::start(
        &loaded.city,
        &loaded.files,
        street,
        (cabinets.handle().clone(), FieldClock::start()),
        Box::new(|_| {}),
    )
    .map_err(|why| Failure::runtime(&why))?;
    let door = options
        .street
        .map(|at| port::open(at, city.line(), Arc::clone(&loaded)));
    let door = door.transpose()?;
    if door.is_none() {
        go(&city)?;
    }
    tell_addresses(options, &loaded, &city, door)?;
    waiting.block_on(async {
        let mut teller = Teller::new(&city, options.json);
        let mut faults = Schedule::new(&options.fault);
        let mut rising = door.map(|_| Rising::new(&city));
        let ready = Instant::now();
        let end = stop.told_or_over(options.seconds);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                () = tokio::time::sleep(LOOK) => {
                    for change in faults.look(&city.cabinets, ready.elapsed()) {
                        teller.tell_fault(&change);
                    }
                    teller.look(&city);
                    if let Some(driven) = rising.as_mut().and_then(|rising| rising.over(&city)) {
                        rising = None;
                        // A street that has ended is told by whoever asks it next.
                        if go(&city).is_ok() {
                            teller.tell_moving(driven);
                        }
                    }
                }
            }
        }
    });
    Ok(())
}

/// Writes where each cabinet listens, and says so.
fn tell_addresses(
    options: &Emulate,
    loaded: &LoadedCity,
    city: &EmulatedCity,
    door: Option<std::net::SocketAddr>,
) -> Result<(), Failure> {
    let names = loaded.city.sites.iter().map(|site| site.id.clone());
    let addresses: BTreeMap<String, String> = names
        .zip(&city.addresses)
        .map(|(name, address)| match address {
            CabinetAddress::Tcp(at) => (name, at.to_string()),
            CabinetAddress::Rtu(device) => (name, device.display().to_string()),
        })
        .collect();
    let text = serde_json::to_string_pretty(&addresses).map_err(|why| Failure::runtime(&why))?;
    std::fs::write(&options.ports, text)
        .map_err(|why| Failure::Runtime(format!("{}: {why}", options.ports.display())))?;
    let count = wires(loaded, &city.addresses).len();
    if options.json {
        say(&json!({ "ready": count, "ports": options.ports, "street": door }).to_string());
    } else {
        say(&format!(
            "{count} cabinets listen; addresses in {}",
            options.ports.display()
        ));
        if let Some(door) = door {
            say(&format!("vehicles drive on the street by {door}"));
        }
    }
    Ok(())
}

/// Lets people move.
fn go(city: &EmulatedCity) -> Result<(), Failure> {
    if city.order(StreetOrder::Go) {
        Ok(())
    } else {
        Err(Failure::Runtime("the virtual street has ended".to_owned()))
    }
}

/// Cabinets that are about to be driven: people wait for them.
struct Rising {
    since: Instant,
    up: Vec<bool>,
}

impl Rising {
    fn new(city: &EmulatedCity) -> Self {
        Self {
            since: Instant::now(),
            up: vec![false; city.cabinets.len()],
        }
    }

    /// How many cabinets are driven, once every one has shown a green that was commanded, or some
    /// never will.
    fn over(&mut self, city: &EmulatedCity) -> Option<usize> {
        for (cabinet, up) in city.cabinets.iter().zip(&mut self.up) {
            *up |=
                is_driven(cabinet.state().mode) && cabinet.lamps().iter().any(|lamp| lamp.is_go());
        }
        let driven = self.up.iter().filter(|up| **up).count();
        let is_over = driven == self.up.len() || self.since.elapsed() > DRIVEN_WITHIN;
        is_over.then_some(driven)
    }
}

/// True if the lamps show what a controller commands.
fn is_driven(mode: u16) -> bool {
    let led = [Mode::Direct, Mode::Stage].map(|mode| ActiveMode::Commanded(mode.word()));
    led.contains(&ActiveMode::from_word(mode))
}

/// Every fault is ordered for a cabinet there is.
fn check_faults(loaded: &LoadedCity, orders: &[FaultOrder]) -> Result<(), Failure> {
    let known = || loaded.city.sites.iter().map(|site| site.id.as_str());
    let strange = orders
        .iter()
        .find(|order| known().all(|id| id != order.site));
    strange.map_or(Ok(()), |order| {
        let known: Vec<&str> = known().collect();
        Err(Failure::Usage(format!(
            "--fault: no cabinet {}; there are {}",
            order.site,
            known.join(", ")
        )))
    })
}

/// Tells each change of a cabinet's mode once, on the cabinet's own clock.
struct Teller {
    modes: Vec<(u16, u64)>,
    json: bool,
}

impl Teller {
    fn new(city: &EmulatedCity, json: bool) -> Self {
        Self {
            modes: vec![(u16::MAX, 0); city.cabinets.len()],
            json,
        }
    }

    fn tell_fault(&self, change: &Change) {
        let Change { site, fault, on } = change;
        if self.json {
            say(&json!({ "cabinet": site, "fault": fault, "on": on }).to_string());
        } else {
            let word = if *on { "begins" } else { "ends" };
            say(&format!("{site} fault {fault} {word}"));
        }
    }

    /// People begin to move; so many cabinets are driven.
    fn tell_moving(&self, driven: usize) {
        let cabinets = self.modes.len();
        if self.json {
            say(&json!({ "moving": true, "driven": driven, "cabinets": cabinets }).to_string());
        } else {
            say(&format!(
                "people move; {driven} of {cabinets} cabinets are driven"
            ));
        }
    }

    fn look(&mut self, city: &EmulatedCity) {
        for (cabinet, known) in city.cabinets.iter().zip(self.modes.iter_mut()) {
            let state = cabinet.state();
            let newest = (state.mode, state.mode_since_ms);
            if *known == newest {
                continue;
            }
            *known = newest;
            let word = mode_word(state.mode);
            if self.json {
                say(&json!({
                    "cabinet": cabinet.site(),
                    "mode": word,
                    "uptime_ms": state.mode_since_ms,
                    "since_command_ms": state.mode_since_ms.saturating_sub(state.commanded_ms),
                    "ttl_ms": state.ttl_ms,
                })
                .to_string());
            } else {
                say(&format!("{} {word}", cabinet.site()));
            }
        }
    }
}

/// `ACTIVE_MODE` of the canonical map in words.
const fn mode_word(mode: u16) -> &'static str {
    match mode {
        1 => "direct",
        2 => "stage",
        3 => "all-red",
        4 => "flash",
        5 => "local-plan",
        6 => "dark",
        7 => "hold",
        8 => "start-up",
        9 => "fallback",
        10 => "manual",
        11 => "monitor-fault",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cabinet_is_driven_by_lamps_or_by_stages() {
        let driven: Vec<u16> = (0..16).filter(|mode| is_driven(*mode)).collect();
        assert_eq!(driven, [1, 2]);
    }
}
