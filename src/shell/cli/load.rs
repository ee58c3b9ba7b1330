//! A city folder, read and checked; or every finding of it, drawn for a person.

use std::path::Path;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde_json::{Value, json};

use super::Failure;
use super::out::{say, warn};
use crate::corridor::Settings;
use crate::network::RoadGraph;
use crate::plan::{CheckedCity, Code, Finding, Span};
use crate::shell::checked_files::{CheckedFiles, check_files};
use crate::shell::dispatch::world::FindingStatic;
use crate::shell::missions::CLASSES;
use crate::shell::store::{demo_city_files, read_city_folder};

/// A city and the roads it stands on.
#[derive(Debug)]
pub(super) struct LoadedCity {
    /// Sites, plans, links.
    pub(super) city: CheckedCity,
    /// The road graph.
    pub(super) graph: RoadGraph,
    /// The files it was made of, for those who read them on their own.
    pub(super) files: Vec<(String, String)>,
    /// What was found and refused nothing.
    pub(super) warnings: Vec<FindingStatic>,
    /// Site files under a profile that no street may run on.
    pub(super) comparison_only: Vec<String>,
}

/// Reads and checks the folder; warnings are printed, errors end it.
///
/// # Errors
/// The folder cannot be read, or it has findings (all of them printed).
pub(super) fn load_folder(folder: &Path) -> Result<LoadedCity, Failure> {
    let files = read_city_folder(folder).map_err(|why| Failure::runtime(&why))?;
    load(files)
}

/// The demo city inside the program.
///
/// # Errors
/// The demo city has findings, which a test rules out.
pub(super) fn load_demo() -> Result<LoadedCity, Failure> {
    load(demo_city_files())
}

fn load(files: Vec<(String, String)>) -> Result<LoadedCity, Failure> {
    let mut checked = check_files(&files);
    if let Some((city, graph)) = checked.city.take() {
        let found = checked.findings.iter();
        let compared = found.filter(|finding| finding.code == Code::F13);
        let warnings = checked.findings.iter().map(warning).collect();
        let comparison_only = compared.map(|finding| finding.file.clone()).collect();
        return Ok(LoadedCity {
            city,
            graph,
            files,
            warnings,
            comparison_only,
        });
    }
    say(&checked.draw(&files));
    Err(Failure::Findings)
}

/// A finding as the console shows it.
fn warning(finding: &Finding) -> FindingStatic {
    let site = finding.file.strip_prefix("sites/");
    FindingStatic {
        site: site
            .and_then(|name| name.strip_suffix(".toml"))
            .map(str::to_owned),
        code: finding.code.to_string(),
        place: format!("{}:{}", finding.file, finding.line),
        message: finding.message.clone(),
        help: finding.help.clone(),
    }
}

impl LoadedCity {
    /// Refuses a city that is only there to be compared with others on a simulated street.
    ///
    /// # Errors
    /// A site file names a profile that is not for streets; said on the way.
    pub(super) fn for_streets(&self) -> Result<(), Failure> {
        let Some(first) = self.comparison_only.first() else {
            return Ok(());
        };
        warn(&format!(
            "{first} and {} other site files are held to a profile for comparison only (F13): its \
             floors are too low for a street. Write `profile = \"cn\"` and mend what \
             `greenwave check` says then; `greenwave simulate` takes the city as it is.",
            self.comparison_only.len() - 1
        ));
        Err(Failure::Findings)
    }

    /// The corridor engine's numbers, with the ranks of the city's policy file.
    #[must_use]
    pub(super) fn corridor_settings(&self) -> Settings {
        let mut settings = Settings::default();
        for class in &self.city.classes {
            let at = CLASSES.iter().position(|known| known.word() == class.id);
            if let Some(rank) = at.and_then(|at| settings.ranks.get_mut(at)) {
                *rank = class.rank;
            }
        }
        settings.corridor_max = self.city.bounds.corridor_length_max;
        settings
    }
}

impl CheckedFiles {
    /// Every finding, drawn for a person.
    #[must_use]
    pub(super) fn draw(&self, files: &[(String, String)]) -> String {
        let text_of = |file: &str| {
            let source = files.iter().find(|(name, _)| name == file);
            source.map(|(_, text)| text.as_str()).unwrap_or_default()
        };
        let mut text = String::new();
        for finding in &self.findings {
            Drawing {
                code: finding.code.to_string(),
                message: finding.message.clone(),
                help: &finding.help,
                rule: finding.rule(),
                file: &finding.file,
                source: text_of(&finding.file),
                span: Some(finding.span.clone()),
            }
            .onto(&mut text);
        }
        for finding in &self.network {
            let source = text_of(&finding.file);
            let span = finding.line.and_then(|line| span_of_line(source, line));
            let place = match (&span, finding.line) {
                (Some(_), _) => String::new(),
                (None, Some(line)) => format!("{}:{line}: ", finding.file),
                (None, None) => format!("{}: ", finding.file),
            };
            Drawing {
                code: finding.code.to_string(),
                message: format!("{place}{}", finding.message),
                help: &finding.help,
                rule: finding.rule(),
                file: &finding.file,
                source,
                span,
            }
            .onto(&mut text);
        }
        text
    }

    /// What was read and what came of it, in one line.
    #[must_use]
    pub(super) fn footer(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (sites, found) = (self.site_files, self.findings.len() + self.network.len());
        let end = if self.city.is_some() {
            "the city can be started"
        } else {
            "the city is refused"
        };
        let (s, fs) = (plural(sites), plural(found));
        format!("{sites} site file{s} read, {found} finding{fs}: {end}")
    }

    /// Every finding as the JSON array of `greenwave check --json`.
    #[must_use]
    pub(super) fn json(&self) -> Value {
        let sites = self.findings.iter().map(|finding| {
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
        let network = self.network.iter().map(|finding| {
            json!({
                "code": finding.code.to_string(),
                "severity": "error",
                "file": finding.file,
                "line": finding.line,
                "column": finding.line.map(|_| 1),
                "message": finding.message,
                "rule": finding.rule(),
                "help": finding.help,
            })
        });
        Value::Array(sites.chain(network).collect())
    }
}

/// One finding as a person wants to see it, with the line it is about.
struct Drawing<'a> {
    code: String,
    message: String,
    help: &'a str,
    rule: &'static str,
    file: &'a str,
    source: &'a str,
    /// What to point at; absent if the finding is not about one place.
    span: Option<Span>,
}

impl Drawing<'_> {
    fn onto(self, text: &mut String) {
        let plain = format!("{}: {}: {}", self.file, self.code, self.message);
        let mut diagnostic = MietteDiagnostic::new(self.message)
            .with_code(self.code)
            .with_help(format!("{}\nrule: {}", self.help, self.rule));
        let report = if let Some(span) = self.span {
            diagnostic = diagnostic.with_label(LabeledSpan::at(span, self.rule));
            let source = NamedSource::new(self.file, self.source.to_owned());
            Report::new(diagnostic).with_source_code(source)
        } else {
            Report::new(diagnostic)
        };
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
        if handler.render_report(text, report.as_ref()).is_err() {
            text.push_str(&plain);
        }
        text.push('\n');
    }
}

/// A line longer than this is not drawn: a network may be written without line breaks.
const DRAWN_LINE_MAX: usize = 2000;

/// The beginning of a line, from 1, where the line can be drawn.
fn span_of_line(text: &str, line: usize) -> Option<Span> {
    let mut lines = text.split_inclusive('\n');
    let before = lines.by_ref().take(line.checked_sub(1)?);
    let start: usize = before.map(str::len).sum();
    let first = lines.next()?.trim_end();
    let width = first.chars().next()?.len_utf8();
    (first.len() <= DRAWN_LINE_MAX).then_some(start..start + width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::checked_files::NETWORK;

    /// The demo city with `from` replaced by `to` in one file.
    fn demo_with(file: &str, from: &str, to: &str) -> Vec<(String, String)> {
        let mut files = demo_city_files();
        for (name, text) in &mut files {
            if name == file {
                assert!(text.contains(from), "{file} has no {from}");
                *text = text.replacen(from, to, 1);
            }
        }
        files
    }

    #[test]
    fn a_mistake_of_the_network_is_named_beside_those_it_leads_to() {
        let files = demo_with(NETWORK, "\"to\":\"J01\"", "\"to\":\"NOPE\"");
        let checked = check_files(&files);
        assert!(checked.city.is_none());
        let site = checked
            .findings
            .iter()
            .find(|found| found.code == Code::E06);
        assert_eq!(
            site.map(|found| found.file.as_str()),
            Some("sites/J01.toml")
        );
        let codes: Vec<String> = checked.network.iter().map(|f| f.code.to_string()).collect();
        assert!(codes.contains(&"G04".to_owned()), "{codes:?}");
        let (drawn, rule) = (checked.draw(&files), "What a feature names is in the file.");
        assert!(drawn.contains("names NOPE") && drawn.contains(&format!("rule: {rule}")));
        assert!(drawn.contains("[network.geojson:"), "{drawn}");
        let json = checked.json();
        let found = json
            .as_array()
            .and_then(|list| list.iter().find(|f| f["code"] == "G04"));
        assert_eq!(found.map(|f| &f["rule"]), Some(&json!(rule)));
    }

    #[test]
    fn a_line_too_long_to_draw_is_only_named() {
        let mut files = demo_with(NETWORK, "\"to\":\"J01\"", "\"to\":\"NOPE\"");
        for (_, text) in files.iter_mut().filter(|(name, _)| name == NETWORK) {
            *text = text.replace('\n', "");
        }
        let checked = check_files(&files);
        let drawn = checked.draw(&files);
        assert!(drawn.contains("network.geojson:1: ") && drawn.len() < 100_000);
    }

    #[test]
    fn the_footer_counts_the_files_that_were_read() {
        let files = demo_with("city.toml", "datum =", "datun =");
        let count = files.iter().filter(|(name, _)| name.starts_with("sites/"));
        let count = count.count();
        let footer = check_files(&files).footer();
        assert!(count > 1);
        assert_eq!(
            footer,
            format!("{count} site files read, 2 findings: the city is refused")
        );
    }

    #[test]
    fn the_demo_city_has_nothing_against_it() {
        let checked = check_files(&demo_city_files());
        assert!(
            checked
                .footer()
                .ends_with(" 0 findings: the city can be started")
        );
        assert!(checked.city.is_some() && checked.network.is_empty());
        assert_eq!(checked.findings, []);
    }
}
