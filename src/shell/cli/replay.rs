//! `greenwave replay`.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Failure;
use super::args::Replay;
use super::out::say;
use super::retell::Retelling;
use crate::journal;

pub(super) fn replay(options: &Replay) -> Result<(), Failure> {
    let bytes = std::fs::read(&options.file)
        .map_err(|why| Failure::Runtime(format!("{}: {why}", options.file.display())))?;
    let mut compared = 0_u64;
    let bar = ProgressBar::new(u64::try_from(bytes.len()).unwrap_or_default());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    let mut retelling = Retelling::new(options);
    let ended = journal::replay(&bytes, |step| {
        compared += 1;
        if step.city.cycle_number().is_multiple_of(1000) {
            bar.set_position(step.bytes);
        }
        retelling.tell(step);
    });
    bar.finish_and_clear();
    retelling.ended()?;
    match ended {
        Ok(done) => {
            let hours = (done.cycles * u64::try_from(done.sites).unwrap_or_default()) / 36_000;
            if options.json {
                say(
                    &json!({ "identical": true, "cycles": done.cycles, "sites": done.sites,
                    "cycle_bytes": done.bytes })
                    .to_string(),
                );
            } else {
                say(&format!(
                    "{} cycles of {} sites recomputed ({hours} site-hours), all identical",
                    done.cycles, done.sites
                ));
            }
            Ok(())
        }
        Err(why) => {
            if options.json {
                say(&json!({ "identical": false, "finding": why.to_string(),
                        "cycles_before": compared })
                .to_string());
            } else {
                say(&format!("{}: {why}", options.file.display()));
                say(&format!("{compared} cycles before it are identical"));
            }
            Err(Failure::Findings)
        }
    }
}
