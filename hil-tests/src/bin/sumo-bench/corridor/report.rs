//! What came of it: a line of JSON for each run and a table for a person.

use comfy_table::{CellAlignment, Table};
use greenwave::shell::sumo::Note;

use super::calibration;
use super::line::Line;
use super::options::Corridor;
use super::stats::{interval, max, mean, quantile};
use crate::lines::write;
use crate::report::say;

/// A recovery that was not seen is counted as this long, seconds.
const NEVER_S: f64 = 900.0;

/// Where it was.
pub(super) struct Place<'a> {
    pub(super) net: String,
    pub(super) notes: &'a [Note],
}

/// Writes the lines and prints the table.
pub(super) fn report(
    options: &Corridor,
    place: &Place<'_>,
    mut lines: Vec<Line>,
) -> Result<(), String> {
    lines.sort_by(|a, b| (a.pair, &a.method, a.vehicle).cmp(&(b.pair, &b.method, b.vehicle)));
    calibration::correct(&mut lines);
    if let Some(path) = &options.json {
        write(path, &lines).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    say(&format!(
        "{}, base {}, rules {}, demand {}, {} pairs over seeds {}, vehicles {}, fault {}",
        place.net,
        options.base.name(),
        options.rules.name(),
        options.demand,
        options.pairs,
        options.seeds,
        options.vehicles.name(),
        options.fault.text()
    ));
    for note in place
        .notes
        .iter()
        .filter(|note| note.what.contains("emergency"))
    {
        say(&format!("note: {note}"));
    }
    say(&table(options, &lines).to_string());
    for line in lines.iter().filter(|line| !line.leases_ok) {
        say(&format!(
            "pair {} {} vehicle {}: {:?}",
            line.pair, line.method, line.vehicle, line.leases
        ));
    }
    say_leases(&lines);
    calibration::say_summary(&place.net, &lines);
    for line in lines.iter().filter(|line| line.referee > 0) {
        say(&format!(
            "pair {} {}: {} offences: {}",
            line.pair,
            line.method,
            line.referee,
            line.offences.join("; ")
        ));
    }
    Ok(())
}

/// What the leases of the corridor engine did, at worst.
fn say_leases(lines: &[Line]) {
    let own: Vec<&Line> = lines.iter().filter(|line| line.method == "ours").collect();
    if own.is_empty() {
        return;
    }
    let most = |of: &dyn Fn(&Line) -> u32| own.iter().map(|line| of(line)).max().unwrap_or(0);
    let sum = |of: &dyn Fn(&Line) -> u32| own.iter().map(|line| of(line)).sum::<u32>();
    let failed = own.iter().filter(|line| !line.leases_ok).count();
    say(&format!(
        "leases of ours: {failed} of {} not as settled; at worst locked {} s, {} s after passing, \
         {} s without a position, {} s after a cancel; new plan after {} s; {} wrong approaches, \
         {} left over; positions refused {}; outranked {}, of these unwarned {}, stood {} s at most",
        own.len(),
        most(&|line| line.leases.longest_lock_s),
        most(&|line| line.leases.after_passing_s),
        most(&|line| line.leases.silent_s),
        most(&|line| line.leases.after_cancel_s),
        most(&|line| line.leases.replan_s.unwrap_or(0)),
        sum(&|line| line.leases.wrong_approach),
        sum(&|line| line.leases.left_over),
        sum(&|line| line.leases.refused),
        sum(&|line| line.leases.outranked),
        sum(&|line| line.leases.unwarned),
        most(&|line| line.leases.outranked_stand_s),
    ));
}

fn table(options: &Corridor, lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "method",
        "runs",
        "ratio median [95 % of mean]",
        "p90",
        "max",
        "stops",
        "stand s",
        "green %",
        "clear %",
        "both %",
        "saved s",
        "paid veh-s [95 %]",
        "paid %",
        "per s",
        "recovery median/max s",
        "worst red s",
        "lock s",
        "late s",
        "lost",
        "referee",
    ]);
    for method in options.methods() {
        let own = lines.iter().filter(|line| line.method == method.text());
        let own: Vec<&Line> = own.collect();
        if !own.is_empty() {
            table.add_row(row(method.text(), &own));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(name: &str, lines: &[&Line]) -> Vec<String> {
    let all = |of: &dyn Fn(&Line) -> f64| -> Vec<f64> { lines.iter().map(|l| of(l)).collect() };
    let ratios = all(&|line| line.ratio);
    let (low, high) = interval(&ratios);
    let paid = all(&Line::paid_vehs);
    let (paid_low, paid_high) = interval(&paid);
    #[expect(clippy::cast_precision_loss, reason = "no drive lasts 2^52 s")]
    let saved = mean(&all(&|line| line.saved_s as f64));
    let twin = mean(&all(&|line| line.others_twin_vehs));
    let recovery = all(&|line| line.recovery_s.map_or(NEVER_S, f64::from));
    let part = |of: &dyn Fn(&Line) -> f64| format!("{:.0}", 100.0 * mean(&all(of)));
    vec![
        name.to_owned(),
        lines.len().to_string(),
        format!("{:.2} [{low:.2}, {high:.2}]", quantile(&ratios, 0.5)),
        format!("{:.2}", quantile(&ratios, 0.9)),
        format!("{:.2}", max(&ratios)),
        format!("{:.1}", mean(&all(&|line| f64::from(line.stops)))),
        format!("{:.0}", max(&all(&|line| f64::from(line.longest_stand_s)))),
        part(&|line| line.green_at_arrival),
        part(&|line| line.queue_gone_at_braking),
        part(&|line| line.ready_at_braking),
        format!("{saved:.0}"),
        format!("{:+.0} [{paid_low:+.0}, {paid_high:+.0}]", mean(&paid)),
        format!("{:+.1}", 100.0 * mean(&paid) / twin.max(1.0)),
        if saved.abs() < 0.5 {
            "–".to_owned()
        } else {
            format!("{:.0}", mean(&paid) / saved)
        },
        format!("{:.0}/{:.0}", quantile(&recovery, 0.5), max(&recovery)),
        format!("{:.0}", max(&all(&|line| f64::from(line.worst_red_s)))),
        format!("{:.0}", mean(&all(&|line| line.lock_s_per_signal))),
        format!("{:.0}", max(&all(&|line| line.late_by_s))),
        lines
            .iter()
            .filter(|line| !line.arrived)
            .count()
            .to_string(),
        lines
            .iter()
            .map(|line| line.referee)
            .sum::<u64>()
            .to_string(),
    ]
}
