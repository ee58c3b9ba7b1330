//! A city folder, read and checked; or every finding of it, drawn for a person.

use std::path::Path;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde_json::{Value, json};

use super::out::say;
use super::Failure;
use crate::network::RoadGraph;
use crate::plan::{CheckedCity, CityFiles, Finding, Severity, check_city};
use crate::shell::store::{demo_city_files, read_city_folder};

/// A city and the roads it stands on.
#[derive(Debug)]
pub struct LoadedCity {
    /// Sites, plans, links.
    pub city: CheckedCity,
    /// The road graph.
    pub graph: RoadGraph,
    /// The files it was made of, for those who read them on their own.
    pub files: Vec<(String, String)>,
}

/// Reads and checks the folder; warnings are printed, errors end it.
///
/// # Errors
/// The folder cannot be read, or it has findings (all of them printed).
pub fn load_folder(folder: &Path) -> Result<LoadedCity, Failure> {
    let files = read_city_folder(folder).map_err(|why| Failure::runtime(&why))?;
    load(files)
}

/// The demo city inside the program.
///
/// # Errors
/// The demo city has findings, which a test rules out.
pub fn load_demo() -> Result<LoadedCity, Failure> {
    load(demo_city_files())
}

fn load(files: Vec<(String, String)>) -> Result<LoadedCity, Failure> {
    let (city, mut findings) = check_files(&files);
    findings.retain(|finding| finding.severity == Severity::Error);
    match city {
        Some((city, graph)) if findings.is_empty() => Ok(LoadedCity { city, graph, files }),
        Some(_) | None => {
            say(&draw_findings(&files, &findings));
            Err(Failure::Findings)
        }
    }
}

/// Everything that is wrong with a set of city files, and the city if it can be driven.
#[must_use]
pub fn check_files(
    files: &[(String, String)],
) -> (Option<(CheckedCity, RoadGraph)>, Vec<Finding>) {
    let checked = check_city(&CityFiles::new(files));
    let graph = checked.city.as_ref().and_then(|city| {
        let network = files.iter().find(|(name, _)| name == "network.geojson")?;
        RoadGraph::of_city(&network.1, city).ok()
    });
    (checked.city.zip(graph), checked.findings)
}

/// The findings with their source lines, as a person wants to see them.
#[must_use]
pub fn draw_findings(files: &[(String, String)], findings: &[Finding]) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    let mut text = String::new();
    for finding in findings {
        let source = files.iter().find(|(name, _)| *name == finding.file);
        let source = source.map(|(_, text)| text.clone()).unwrap_or_default();
        let diagnostic = MietteDiagnostic::new(finding.message.clone())
            .with_code(finding.code.to_string())
            .with_help(format!("{}\nrule: {}", finding.help, finding.rule()))
            .with_label(LabeledSpan::at(finding.span.clone(), finding.rule()));
        let report =
            Report::new(diagnostic).with_source_code(NamedSource::new(&finding.file, source));
        if handler.render_report(&mut text, report.as_ref()).is_err() {
            text.push_str(&finding.to_string());
        }
        text.push('\n');
    }
    text
}

/// The findings as the JSON array of `greenwave check --json`.
#[must_use]
pub fn findings_json(findings: &[Finding]) -> Value {
    let each = findings.iter().map(|finding| {
        json!({
            "code": finding.code.to_string(),
            "severity": finding.severity.to_string(),
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
            "message": finding.message,
            "rule": finding.rule(),
            "help": finding.help,
        })
    });
    Value::Array(each.collect())
}
