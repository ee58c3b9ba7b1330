//! What came of it: a line of JSON for each run and a table for a person.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use comfy_table::{CellAlignment, Table};
use hil_tests::sumo::run::RunResult;
use serde::{Deserialize, Serialize};

use crate::lines::write;
use crate::options::Adaptive;

/// A run is called gridlocked if the share of vehicles that arrived is this far below the norm.
///
/// The norm is the best share that any controller of the comparison reached with the same network,
/// demand and seed; for a controller alone, the best share of its own seeds.
const GRIDLOCK_SHARE: f64 = 0.03;

/// One run, as its line of JSON tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) net: String,
    pub(crate) controller: String,
    pub(crate) seed: u32,
    pub(crate) sumo: String,
    pub(crate) rules: String,
    pub(crate) sensors: String,
    pub(crate) demand: f64,
    pub(crate) gridlocked: bool,
    #[serde(flatten)]
    pub(crate) result: RunResult,
}

impl Line {
    #[expect(clippy::cast_precision_loss, reason = "no city has 2^52 vehicles")]
    fn share(&self) -> f64 {
        self.result.finished as f64 / self.result.scheduled.max(1) as f64
    }
}

/// The name of a network: its file's, without endings.
pub(crate) fn name_of(net: &Path) -> String {
    let file = net.file_name().unwrap_or_default().to_string_lossy();
    let (name, _) = file.split_once('.').unwrap_or((&file, ""));
    name.to_owned()
}

/// Says a line to whoever started the bench.
pub(crate) fn say(line: &str) {
    // Nobody listens any more: nothing is left to be said.
    let _unheard = writeln!(std::io::stdout(), "{line}");
}

/// Marks gridlocks, writes the lines and prints the table.
pub(crate) fn report(options: &Adaptive, mut lines: Vec<Line>) -> Result<(), String> {
    mark(&mut lines, options.controllers.len() == 1);
    lines.sort_by(|a, b| (&a.controller, a.seed).cmp(&(&b.controller, b.seed)));
    if let Some(path) = &options.json {
        write(path, &lines).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    say(&table(options, &lines).to_string());
    Ok(())
}

fn mark(lines: &mut [Line], alone: bool) {
    let mut norms: BTreeMap<u32, f64> = BTreeMap::new();
    for line in lines.iter() {
        let norm = norms.entry(line.seed).or_default();
        *norm = norm.max(line.share());
    }
    let best = norms.values().copied().fold(0.0, f64::max);
    for line in lines {
        let of_seed = norms.get(&line.seed).copied().unwrap_or(best);
        let norm = if alone { best } else { of_seed };
        line.gridlocked = line.share() < norm - GRIDLOCK_SHARE;
    }
}

fn table(options: &Adaptive, lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    let walks = lines
        .iter()
        .any(|line| line.result.walk_wait_worst_s.is_some());
    let mut head = vec![
        "controller",
        "runs",
        "delay s",
        "worst seed",
        "p95 s",
        "worst s",
        "finished %",
        "gridlocked",
        "longest red s",
        "referee",
        "µs p99",
        "s a run",
    ];
    if walks {
        head.splice(2..2, PEOPLE_HEAD);
    }
    table.set_header(head);
    for name in &options.controllers {
        let own = |line: &&Line| line.controller == name.text();
        let own: Vec<&Line> = lines.iter().filter(own).collect();
        if !own.is_empty() {
            let mut row = row(name.text(), &own);
            if walks {
                row.splice(2..2, people(&own));
            }
            table.add_row(row);
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What is told of people where there are walkers.
const PEOPLE_HEAD: [&str; 6] = [
    "person delay s",
    "worst seed",
    "bicycles s",
    "walkers s",
    "walk wait p95 s",
    "longest (left of bound) s",
];

/// Delay of all travellers, and the walkers' waits against the bounds of their crossings.
#[expect(clippy::cast_precision_loss, reason = "no comparison has 2^52 runs")]
fn people(lines: &[&Line]) -> Vec<String> {
    let mean = |of: &dyn Fn(&RunResult) -> f64| {
        lines.iter().map(|line| of(&line.result)).sum::<f64>() / lines.len() as f64
    };
    let worst = lines
        .iter()
        .max_by(|a, b| a.result.person_delay_s.total_cmp(&b.result.person_delay_s));
    let longest = lines
        .iter()
        .filter_map(|line| line.result.walk_wait_worst_s);
    let left = lines
        .iter()
        .filter_map(|line| line.result.walk_bound_left_s);
    let longest = longest.max().unwrap_or(0);
    vec![
        format!("{:.1}", mean(&|run| run.person_delay_s)),
        worst.map_or(String::new(), |w| {
            format!("{:.1} (seed {})", w.result.person_delay_s, w.seed)
        }),
        format!("{:.1}", mean(&|run| run.bicycle_delay_s.unwrap_or(0.0))),
        format!("{:.1}", mean(&|run| run.walk_delay_s.unwrap_or(0.0))),
        format!(
            "{:.0}",
            mean(&|run| f64::from(run.walk_wait_p95_s.unwrap_or(0)))
        ),
        left.min()
            .map_or_else(|| longest.to_string(), |left| format!("{longest} ({left})")),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "no comparison has 2^52 runs")]
fn row(name: &str, lines: &[&Line]) -> Vec<String> {
    let mean = |of: &dyn Fn(&Line) -> f64| {
        lines.iter().map(|line| of(line)).sum::<f64>() / lines.len() as f64
    };
    let most = |of: &dyn Fn(&Line) -> f64| lines.iter().map(|line| of(line)).fold(0.0, f64::max);
    let worst = lines
        .iter()
        .max_by(|a, b| a.result.delay_s.total_cmp(&b.result.delay_s));
    let locked: Vec<String> = lines
        .iter()
        .filter(|line| line.gridlocked)
        .map(|line| line.seed.to_string())
        .collect();
    vec![
        name.to_owned(),
        lines.len().to_string(),
        format!("{:.1}", mean(&|line| line.result.delay_s)),
        worst.map_or(String::new(), |w| {
            format!("{:.1} (seed {})", w.result.delay_s, w.seed)
        }),
        format!("{:.0}", mean(&|line| line.result.p95_s)),
        format!("{:.0}", most(&|line| line.result.worst_s)),
        format!("{:.1}", mean(&|line| line.share() * 100.0)),
        if locked.is_empty() {
            "none".to_owned()
        } else {
            format!("seeds {}", locked.join(", "))
        },
        format!("{:.0}", most(&|line| f64::from(line.result.longest_red_s))),
        format!(
            "{}",
            lines.iter().map(|line| line.result.referee).sum::<u64>()
        ),
        format!(
            "{:.0}",
            most(&|line| line.result.decision_us_p99.unwrap_or(0.0))
        ),
        format!("{:.1}", mean(&|line| line.result.wall_s)),
    ]
}
