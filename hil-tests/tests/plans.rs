//! Every rule of the city folder is broken once, and every good city has nothing against it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads its fixtures and fails where it cannot"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use greenwave::network::{LatLon, NetworkCode, RoadGraph};
use greenwave::plan::{CityFiles, Code, Datum, Finding, Severity, check_city, check_site};
use greenwave::units::Date;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans")
}

fn files_below(folder: &Path) -> CityFiles {
    fn walk(top: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() {
                walk(top, &path, files);
            } else if matches!(ending, Some("toml" | "geojson" | "csv")) {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, folder, &mut files);
    files.into_iter().collect()
}

#[test]
fn the_cities_of_the_repository_are_without_findings() {
    let mut cities = 0;
    for entry in fs::read_dir(repository().join("signal-plans")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("city.toml").exists() {
            continue;
        }
        let checked = check_city(&files_below(&folder));
        let lines: Vec<String> = checked.findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
        assert!(checked.value.is_some());
        cities += 1;
    }
    assert!(cities > 0);
}

/// A fixture: one site file, or the files of a small city that differ from `good-city`.
struct Fixture {
    name: String,
    path: PathBuf,
}

impl Fixture {
    fn all() -> Vec<Self> {
        let mut found: Vec<Self> = fs::read_dir(fixtures())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "toml"))
            .map(|path| Self {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                path,
            })
            .filter(|fixture| fixture.name != "good-city")
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn code(&self) -> &str {
        self.name.split('-').next().unwrap()
    }

    fn findings(&self) -> Vec<Finding> {
        if !self.path.is_dir() {
            let text = fs::read_to_string(&self.path).unwrap();
            let checked = check_site("site.toml", &text);
            assert_eq!(
                checked.value.is_none(),
                refuses(&checked.findings),
                "{}",
                self.name
            );
            return checked.findings;
        }
        let own = files_below(&self.path);
        let mut files = good_city();
        if own.paths().any(|path| path.starts_with("sites/")) {
            files = files.without("sites/X1.toml");
        }
        for path in own.paths() {
            files.insert(path, own.text(path).unwrap());
        }
        let checked = check_city(&files.on(TODAY));
        assert_eq!(
            checked.value.is_none(),
            refuses(&checked.findings),
            "{}",
            self.name
        );
        checked.findings
    }
}

/// The day the calendar is looked at.
const TODAY: Date = Date {
    year: 2026,
    month: 6,
    day: 1,
};

fn refuses(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

fn good_city() -> CityFiles {
    files_below(&fixtures().join("good-city"))
}

/// Code, file and line of each finding, one per line, with its message for the reader.
fn table(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding {
            code, file, line, ..
        } = finding;
        writeln!(text, "{code} {file}:{line} {}", finding.message).unwrap();
    }
    text
}

#[test]
fn the_good_city_is_good() {
    let checked = check_city(&good_city().on(TODAY));
    assert_eq!(table(&checked.findings), "");
    assert_eq!(checked.value.unwrap().sites.len(), 1);
}

/// Set `GREENWAVE_OVERWRITE=1` to write what is found as what is expected, and read the change.
#[test]
fn every_fixture_is_refused_as_expected() {
    let overwrite = std::env::var_os("GREENWAVE_OVERWRITE").is_some();
    let mut wrong = String::new();
    for fixture in Fixture::all() {
        let findings = fixture.findings();
        let found = table(&findings);
        let path = fixtures().join(format!("{}.expected", fixture.name));
        if overwrite {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            writeln!(
                wrong,
                "{}: expected\n{expected}found\n{found}",
                fixture.name
            )
            .unwrap();
        }
        if !findings
            .iter()
            .any(|finding| finding.code.as_str() == fixture.code())
        {
            writeln!(wrong, "{} does not break its rule:\n{found}", fixture.name).unwrap();
        }
        for finding in &findings {
            assert!(!finding.help.is_empty(), "{finding}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A file in an old encoding is one finding; what is wrong with the others is still said.
#[cfg(feature = "shell")]
/// A wave names sites; if one of the city's sites is refused, the wave is not blamed for it.
#[test]
fn a_refused_site_is_the_only_finding() {
    let good = good_city();
    let text = |path: &str| {
        let text = good.text(path).unwrap();
        match path {
            "city.toml" => format!(
                "{text}\n[[wave]]\nid = \"w\"\nname_zh = \"w\"\nname_en = \"w\"\n\
                 sites = [\"X1\"]\nplan = \"day\"\nlasts_min = 60\n"
            ),
            "sites/X1.toml" => text.replacen("[[stage]]", "[[stages]]", 1),
            _ => text.to_owned(),
        }
    };
    let paths = good.paths().map(|path| (path.to_owned(), text(path)));
    let checked = check_city(&paths.collect());
    assert!(checked.value.is_none());
    let files = checked.findings.iter().map(|found| found.file.as_str());
    assert!(files.clone().count() > 0);
    assert!(
        files.clone().all(|file| file == "sites/X1.toml"),
        "{:?}",
        checked.findings
    );
}

#[test]
fn a_file_in_another_encoding_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = good_city();
    for path in good.paths() {
        let text = good.text(path).unwrap().replace("rank = 1", "rang = 1");
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let site = folder.path().join("sites/X1.toml");
    let mut bytes = fs::read(&site).unwrap();
    bytes.extend(b"\n# \xc2\xb7\xbf\xda\n");
    fs::write(&site, bytes).unwrap();
    fs::write(folder.path().join("notes.toml"), b"a = \"\xff\"\nb = \n").unwrap();

    let files = greenwave::shell::store::read_city_folder(folder.path()).unwrap();
    let checked = check_city(&files.into_iter().collect());
    assert!(checked.value.is_none());
    let codes: Vec<_> = checked
        .findings
        .iter()
        .map(|found| (found.code, found.file.as_str()))
        .collect();
    assert_eq!(
        codes,
        [
            (Code::F07, "city.toml"),
            (Code::F01, "city.toml"),
            (Code::F06, "notes.toml"),
            (Code::F06, "sites/X1.toml"),
        ]
    );
    assert_eq!(checked.findings.last().unwrap().help, "save it as UTF-8");
}

#[test]
fn every_code_has_a_fixture_and_a_paragraph() {
    let broken: BTreeSet<String> = Fixture::all().iter().map(|f| f.code().to_owned()).collect();
    let handbook = repository().join("docs/operating/findings.md");
    let handbook = fs::read_to_string(handbook).unwrap();
    let known: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(broken, known);
    for code in Code::ALL {
        let head = format!("| {code} | {} |", code.severity());
        assert!(handbook.contains(&head), "findings.md lacks {head}");
        assert!(
            handbook.contains(code.rule()),
            "findings.md words {code} differently"
        );
    }
}

/// What breaks each rule of the road network, as a change of the good one.
const NETWORK_SLIPS: [(&str, &str, &str); 11] = [
    ("G01", "\"FeatureCollection\"", "\"Feature\""),
    ("G02", "\"lanes\": 1", "\"lane\": 1"),
    ("G03", "\"id\": \"R-E\"", "\"id\": \"R-W\""),
    ("G04", "\"to\": \"X1\"", "\"to\": \"NOPE\""),
    ("G05", "\"LineString\"", "\"Line\""),
    ("G06", "\"length_m\": 375", "\"length_m\": 975"),
    ("G07", "\"speed_kmh\": 50", "\"speed_kmh\": 500"),
    ("G08", "\"to\": \"R-E-OUT\"", "\"to\": \"R-E\""),
    ("G09", "\"at_m\": 100", "\"at_m\": 1000"),
    ("G10", "[[109.016, 32.69]", "[[109.017, 32.69]"),
    ("G11", "[109.02, 32.69]}", "[32.69, 109.02]}"),
];

#[test]
fn every_code_of_the_network_has_an_example_and_a_paragraph() {
    let handbook = repository().join("docs/operating/findings.md");
    let handbook = fs::read_to_string(handbook).unwrap();
    let origin = LatLon {
        lat_deg: 32.69,
        lon_deg: 109.02,
    };
    let path = fixtures().join("F08-mission-beyond-road/network.geojson");
    let good = fs::read_to_string(path).unwrap();
    assert!(RoadGraph::load("network.geojson", &good, origin, Datum::Wgs84).is_ok());
    assert_eq!(NetworkCode::ALL.len(), NETWORK_SLIPS.len());
    for (code, (name, from, to)) in NetworkCode::ALL.iter().zip(NETWORK_SLIPS) {
        assert_eq!(code.to_string(), name);
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let found = RoadGraph::load("network.geojson", &text, origin, Datum::Wgs84);
        let found = found.map(|_| ()).unwrap_err();
        assert!(
            found.iter().any(|one| one.code == *code),
            "{name}: {found:?}"
        );
        assert!(found.iter().all(|one| !one.help.is_empty()));
        let row = format!("| {code} | error | {} |", code.rule());
        assert!(handbook.contains(&row), "findings.md lacks {row}");
    }
}

/// A site whose file was deleted is no slip of the pen.
#[test]
fn a_deleted_site_file_is_called_missing() {
    let city = files_below(&repository().join("signal-plans/ankang-demo"));
    let findings = check_city(&city.without("sites/J05.toml")).findings;
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{finding} {}", finding.help))
        .collect();
    let cabinet = findings.iter().find(|finding| finding.code == Code::N01);
    assert_eq!(
        cabinet.unwrap().message,
        "the file sites/J05.toml is missing"
    );
    assert!(
        !lines.iter().any(|line| line.contains("did you mean")),
        "{}",
        lines.join("\n")
    );
}
