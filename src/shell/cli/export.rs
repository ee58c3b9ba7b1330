//! `greenwave export sumo`: a city folder as files of the traffic simulator SUMO.

use super::Failure;
use super::args::ExportSumo;
use super::load::load_folder;
use super::out::{say, warn};
use crate::shell::sumo::export::folder::{Draft, refuse_filled};
use crate::shell::sumo::export::{
    ExportError, ExportSettings, Figures, NET_FILE, Town, WIRING_FILE, export, wiring_text,
};
use crate::shell::sumo::{SumoNet, Wiring};

pub(super) fn sumo(options: &ExportSumo) -> Result<(), Failure> {
    refuse_filled(&options.out).map_err(|why| failure(&why))?;
    let loaded = load_folder(&options.dir)?;
    let settings = ExportSettings {
        seconds: options.seconds,
        start_s: options.start_hour * 3600,
        seed: options.seed,
    };
    let town = Town::new(&loaded.city, &loaded.graph, &loaded.files, settings);
    let figures = write(options, &town).map_err(|why| failure(&why))?;
    say(&told(options, &figures));
    Ok(())
}

fn write(options: &ExportSumo, town: &Town<'_>) -> Result<Figures, ExportError> {
    let exported = export(town)?;
    let draft = Draft::beside(&options.out)?;
    for (name, text) in &exported.files {
        draft.write(name, text)?;
    }
    if let Some(program) = &options.netconvert {
        let said = draft.netconvert(program)?;
        if !said.is_empty() {
            warn(&said);
        }
        let wiring = proved(&draft, town)?;
        draft.write(WIRING_FILE, &wiring_text(&wiring)?)?;
    }
    draft.finish()?;
    Ok(exported.figures)
}

/// The wiring with the lanes of the network just made.
fn proved(draft: &Draft, town: &Town<'_>) -> Result<Wiring, ExportError> {
    let net = SumoNet::parse(&draft.read(NET_FILE)?)
        .map_err(|why| ExportError::Network(vec![why.to_string()]))?;
    Wiring::of_export(&net, town).map_err(ExportError::Network)
}

fn told(options: &ExportSumo, figures: &Figures) -> String {
    let out = options.out.display();
    let next = if options.netconvert.is_some() {
        format!("next: sumo -c {out}/city.sumocfg")
    } else {
        format!("next: {out}/build.sh makes the network, then sumo -c {out}/city.sumocfg")
    };
    format!(
        "{out}: {} signals with {} links, {} of them crossings; {} vehicles, {} bicycles and {} \
         walkers in {} s\n{next}",
        figures.signals,
        figures.links,
        figures.crossings,
        figures.vehicles,
        figures.bicycles,
        figures.walkers,
        options.seconds
    )
}

fn failure(why: &ExportError) -> Failure {
    match why {
        ExportError::NotEmpty { .. } => Failure::Usage(why.to_string()),
        ExportError::City(_) => {
            say(&why.to_string());
            Failure::Findings
        }
        ExportError::Unwritable { .. }
        | ExportError::Unreadable { .. }
        | ExportError::NoNetconvert { .. }
        | ExportError::Refused { .. }
        | ExportError::Network(_) => Failure::runtime(why),
    }
}
