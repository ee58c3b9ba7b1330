//! `greenwave emulate`: the city's cabinets and a virtual street, as a process of their own.

mod faults;

use std::collections::BTreeMap;
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

/// How often the cabinets' modes are looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn emulate(options: &Emulate) -> Result<(), Failure> {
    let loaded = load_folder(&options.site)?;
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
    if !city.order(StreetOrder::Go) {
        return Err(Failure::Runtime("the virtual street has ended".to_owned()));
    }
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
    let count = wires(&loaded, &city.addresses).len();
    if options.json {
        say(&json!({ "ready": count, "ports": options.ports }).to_string());
    } else {
        say(&format!(
            "{count} cabinets listen; addresses in {}",
            options.ports.display()
        ));
    }
    waiting.block_on(async {
        let mut teller = Teller::new(&city, options.json);
        let mut faults = Schedule::new(&options.fault);
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
                }
            }
        }
    });
    Ok(())
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
