//! `greenwave run`: the real thing, from a city folder.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Failure;
use super::args::Run;
use super::load::{LoadedCity, load_folder};
use super::out::{say, warn};
use super::station::{
    Station, StationOptions, agency_of, broker_of, civil_clock, runtime, tls_files,
};
use super::stop_signal::StopSignal;
use crate::kernel::CabinetState;
use crate::plan::LinkKind;
use crate::shell::dispatch::tls::{TlsFiles, fingerprint};
use crate::shell::field::{FieldClock, Wire};
use crate::shell::runtime::Pace;

/// Cabinets that have not answered by then are named.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn run(options: &Run) -> Result<(), Failure> {
    let loaded = load_folder(&options.site)?;
    loaded.for_streets()?;
    if loaded.city.vehicles.is_empty() {
        warn("city.toml has no [[vehicle]]: no corridor can be opened");
    }
    let wires = match &options.ports {
        Some(ports) => wires_of_ports(&loaded, ports)?,
        None => wires_of_links(&loaded),
    };
    let tls = tls_files(
        &options.tls,
        &options.data,
        &options.listen.ip().to_string(),
    )?;
    if tls.is_none() && !options.plain_http {
        no_plain_wire(options)?;
    }
    let waiting = runtime("wait", 1)?;
    let mut stop = StopSignal::listen(&waiting)?;
    let clock = FieldClock::start();
    let pace = Pace::new();
    let station = Station::start(
        &loaded,
        StationOptions {
            listen: options.listen,
            data: options.data.clone(),
            site: Some(options.site.clone()),
            wires,
            wall: civil_clock(&loaded.city.timezone)?,
            clock,
            pace,
            agency: agency_of(&loaded.city, options.agency.as_deref())?,
            virtual_street: false,
            tls: tls.clone(),
            mqtt: broker_of(&loaded.city, options.mqtt.as_deref())?,
        },
    )?;
    say(&format!(
        "driving {} sites; console: {}",
        loaded.city.sites.len(),
        station.address()
    ));
    station.tell_feeds();
    warn_of_door(tell_door(&station, options, tls.as_ref()));
    waiting.block_on(async {
        let silent = async {
            tokio::time::sleep(ANSWER_WITHIN).await;
            tell_silent(&station);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stop.told_or_over(options.seconds) => {}
            () = silent => {}
        }
    });
    say("handing every cabinet to its local plan ...");
    station.stop();
    Ok(())
}

/// Beyond loopback a plain wire is refused.
fn no_plain_wire(options: &Run) -> Result<(), Failure> {
    if options.listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--listen {}: passwords would go over the network unprotected; add --tls (or \
         --tls-cert and --tls-key), or --plain-http behind a proxy that has TLS",
        options.listen
    )))
}

/// The cabinets are driven by now: whatever is wrong with the door is said and does not end that.
fn warn_of_door(told: Result<(), Failure>) {
    let why = match told {
        Ok(()) => return,
        Err(Failure::Usage(why) | Failure::Runtime(why)) => why,
        Err(Failure::Findings) => "findings".to_owned(),
    };
    warn(&format!("the way in could not be told: {why}"));
}

/// Says how somebody gets in.
fn tell_door(station: &Station, options: &Run, tls: Option<&TlsFiles>) -> Result<(), Failure> {
    if let Some(files) = tls {
        let shown = fingerprint(&files.certificate).map_err(|why| Failure::runtime(&why))?;
        say(&format!("certificate SHA-256 {shown}"));
    }
    if let Some(link) = station.first_run_link()? {
        say(&format!(
            "nobody has an account yet; this link sets the admin up, once, and is not shown again:\n{link}"
        ));
    }
    if options.dispatcher_link {
        say(&format!(
            "one-time link of a dispatcher: {}",
            station.sign_in_link()?
        ));
    }
    Ok(())
}

/// Says which cabinets have not answered yet; they are tried on and on.
fn tell_silent(station: &Station) {
    let Some(picture) = station.world.newest() else {
        return;
    };
    let sites = picture.city.plans().iter().zip(&picture.fields);
    let silent: Vec<&str> = sites
        .filter(|(_, field)| field.readback.cabinet == CabinetState::Silent)
        .map(|(site, _)| site.id.as_str())
        .collect();
    if !silent.is_empty() {
        warn(&format!(
            "{} of {} cabinets do not answer: {}; they are tried on: look at cabinets/links.toml, \
             the network and the cabinets' power",
            silent.len(),
            picture.fields.len(),
            silent.join(", ")
        ));
    }
}

/// The wires as `cabinets/links.toml` states them.
fn wires_of_links(loaded: &LoadedCity) -> Vec<Wire> {
    let cabinets = loaded.city.cabinets.iter();
    let wires = cabinets.filter_map(|cabinet| {
        let link = loaded.city.links.get(cabinet.link)?;
        Some(match link.kind {
            LinkKind::ModbusTcp => {
                let port = link.first_port.saturating_add(u16::from(cabinet.unit) - 1);
                Wire::Tcp(format!("{}:{port}", link.host))
            }
            LinkKind::ModbusRtu => Wire::Rtu {
                device: link.device.clone().into(),
                baud: link.baud,
            },
        })
    });
    wires.collect()
}

/// The wires of a running `greenwave emulate`, from the file it wrote.
fn wires_of_ports(loaded: &LoadedCity, ports: &std::path::Path) -> Result<Vec<Wire>, Failure> {
    let broken = |why: &dyn std::fmt::Display| {
        Failure::Runtime(format!(
            "{}: {why}; it should be the file that `greenwave emulate --ports` wrote",
            ports.display()
        ))
    };
    let text = std::fs::read_to_string(ports).map_err(|why| broken(&why))?;
    let addresses: BTreeMap<String, String> =
        serde_json::from_str(&text).map_err(|why| broken(&why))?;
    let baud = loaded
        .city
        .links
        .iter()
        .map(|link| link.baud)
        .find(|baud| *baud > 0);
    let wires = loaded.city.sites.iter().map(|site| {
        let address = addresses
            .get(&site.id)
            .ok_or_else(|| broken(&format!("no address for {}", site.id)))?;
        Ok(if address.starts_with('/') {
            Wire::Rtu {
                device: address.into(),
                baud: baud.unwrap_or(115_200),
            }
        } else {
            Wire::Tcp(address.clone())
        })
    });
    wires.collect()
}
