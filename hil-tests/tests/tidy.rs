//! Text is tested too: import direction, file sizes, banned words, links, independence.
//!
//! Each rule names the file and line it found, so that the mend is one look away.

#![expect(clippy::expect_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from left to right: a room may name only rooms to its left (and itself).
const ROOMS: [&str; 14] = [
    "units",
    "ids",
    "signal",
    "kernel",
    "plan",
    "detect",
    "network",
    "corridor",
    "coordination",
    "policy",
    "controller",
    "journal",
    "sim",
    "shell",
];

/// Rooms that must be able to move to a microcontroller: no `std` at all.
const NO_STD: [&str; 4] = ["units", "ids", "signal", "kernel"];

const FILE_LINES_MAX: usize = 600;
const KERNEL_LINES_MAX: usize = 300;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace root")
        .to_path_buf()
}

/// Every file below `dir` with one of these endings, build output and installed packages left out.
fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return found;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let skipped = ["target", "node_modules", ".git", "artefacts"].contains(&name.as_str())
            || name.starts_with(".venv");
        if path.is_dir() && !skipped {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn room_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).ok()?;
    let first = inside
        .components()
        .next()?
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    Some(first.trim_end_matches(".rs").to_owned())
}

fn is_test_file(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.components().any(|part| part.as_os_str() == "tests")
        || [
            "tests.rs",
            "properties.rs",
            "exhaustive.rs",
            "test_support.rs",
        ]
        .contains(&&*name)
}

/// The rooms that a line of code names through `crate::`.
fn rooms_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        .filter_map(|(at, _)| {
            let rest = &code[at + "crate::".len()..];
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            ROOMS.contains(&&*word).then_some(word)
        })
        .collect()
}

fn report(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} finding(s):\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn a_room_names_only_rooms_to_its_left() {
    let mut findings = Vec::new();
    for path in files(&root().join("src"), &[".rs"]) {
        let Some(here) = room_of(&path) else { continue };
        let Some(place) = ROOMS.iter().position(|room| *room == here) else {
            continue;
        };
        if is_test_file(&path) {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            for named in rooms_named(line) {
                if ROOMS.iter().position(|room| *room == named) > Some(place) {
                    let at = format!("{}:{}", path.display(), number + 1);
                    findings.push(format!(
                        "{at}: `{here}` names `{named}`, which is to its right"
                    ));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn every_room_is_in_the_order() {
    let mut findings = Vec::new();
    for path in files(&root().join("src"), &[".rs"]) {
        let Some(room) = room_of(&path) else { continue };
        if !["lib", "main"].contains(&&*room) && !ROOMS.contains(&&*room) {
            findings.push(format!(
                "{}: `{room}` has no place in the import order",
                path.display()
            ));
        }
    }
    report(&findings);
}

#[test]
fn the_portable_rooms_do_not_use_std() {
    let mut findings = Vec::new();
    for path in files(&root().join("src"), &[".rs"]) {
        let portable = room_of(&path).is_some_and(|room| NO_STD.contains(&&*room));
        if !portable || is_test_file(&path) {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("std::") {
                findings.push(format!("{}:{}: names std", path.display(), number + 1));
            }
        }
    }
    report(&findings);
}

#[test]
fn only_the_shell_touches_the_outside() {
    let outside = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::time",
        "std::env",
        "tokio::",
        "std::process",
    ];
    let mut findings = Vec::new();
    for path in files(&root().join("src"), &[".rs"]) {
        let Some(room) = room_of(&path) else { continue };
        if ["shell", "main"].contains(&&*room) || is_test_file(&path) {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = outside.iter().find(|word| code.contains(**word)) {
                findings.push(format!("{}:{}: names {word}", path.display(), number + 1));
            }
        }
    }
    report(&findings);
}

/// The emulated cabinet and the referee are the witnesses of the tests: they must not share the
/// code they watch.
#[test]
fn witnesses_share_nothing_with_the_accused() {
    let mut findings = Vec::new();
    for place in ["src/shell/field/emulator", "src/sim/referee"] {
        let mut watched = files(&root().join(place), &[".rs"]);
        watched.extend(Some(root().join(format!("{place}.rs"))).filter(|path| path.exists()));
        assert!(
            !watched.is_empty(),
            "{place} has no files: this rule would watch nothing"
        );
        for path in watched {
            if is_test_file(&path) {
                continue;
            }
            for (number, line) in text(&path).lines().enumerate() {
                for named in rooms_named(line) {
                    if ["kernel", "plan", "policy", "controller"].contains(&&*named) {
                        let at = format!("{}:{}", path.display(), number + 1);
                        findings.push(format!("{at}: a witness names `{named}`"));
                    }
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn files_stay_small() {
    let mut findings = Vec::new();
    for path in files(&root(), &[".rs", ".ts", ".svelte"]) {
        if is_test_file(&path) || path.to_string_lossy().contains(".test.") {
            continue;
        }
        let lines = text(&path).lines().count();
        let kernel = room_of(&path).as_deref() == Some("kernel");
        let most = if kernel {
            KERNEL_LINES_MAX
        } else {
            FILE_LINES_MAX
        };
        if lines > most {
            findings.push(format!("{}: {lines} lines, at most {most}", path.display()));
        }
    }
    report(&findings);
}

#[test]
fn no_banned_words() {
    // Assembled so that this file does not name them itself.
    let markers: Vec<String> = ["TO|DO", "FIX|ME", "HA|CK", "X|XX"]
        .iter()
        .map(|word| word.replace('|', ""))
        .collect();
    let banned_everywhere = [
        "clau|de",
        "anthro|pic",
        "chat|gpt",
        "/wo|rk/",
        "pypi.mir|ror",
    ]
    .map(|word| word.replace('|', ""));
    let foreign_word = "ph|ase".replace('|', "");
    let mut findings = Vec::new();
    for path in files(
        &root(),
        &[
            ".rs", ".ts", ".svelte", ".md", ".toml", ".sh", ".py", ".mjs", ".json", ".geojson",
            "run",
        ],
    ) {
        let path_text = path.to_string_lossy();
        let adapter = path_text.contains("gbt20999") || path_text.contains("sumo");
        let rust = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text(&path).lines().enumerate() {
            let lower = line.to_lowercase();
            let at = format!("{}:{}", path.display(), number + 1);
            if let Some(word) = banned_everywhere.iter().find(|word| lower.contains(*word)) {
                findings.push(format!("{at}: banned text {word}"));
            }
            let words = || line.split(|c: char| !c.is_alphanumeric());
            if words().any(|word| markers.iter().any(|marker| marker == word)) {
                findings.push(format!("{at}: a left-over marker"));
            }
            if rust && !adapter && words().any(|word| word.eq_ignore_ascii_case(&foreign_word)) {
                findings.push(format!("{at}: say stage or signal group (docs/TERMS.md)"));
            }
        }
    }
    report(&findings);
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut findings = Vec::new();
    for path in files(&root(), &[".md"]) {
        for (number, line) in text(&path).lines().enumerate() {
            for link in line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                let target = link.split('#').next().unwrap_or_default();
                let outside = target.contains("://") || target.starts_with("mailto:");
                if target.is_empty() || outside {
                    continue;
                }
                let folder = path.parent().expect("a file has a folder");
                if !folder.join(target).exists() {
                    let at = format!("{}:{}", path.display(), number + 1);
                    findings.push(format!("{at}: {link} leads nowhere"));
                }
            }
        }
    }
    report(&findings);
}

/// `docs/SAFETY.md` names a test for every invariant; each named test must exist.
#[test]
fn the_safety_table_names_tests_that_exist() {
    let safety = text(&root().join("docs/SAFETY.md"));
    let code: String = files(&root().join("src"), &[".rs"])
        .into_iter()
        .chain(files(&root().join("hil-tests"), &[".rs"]))
        .map(|path| text(&path))
        .collect();
    let mut findings = Vec::new();
    for number in 1..=24 {
        if !safety.contains(&format!("| I{number} |")) {
            findings.push(format!("docs/SAFETY.md has no row for I{number}"));
        }
    }
    for name in safety.split('`').skip(1).step_by(2) {
        let last = name.rsplit("::").next().unwrap_or_default();
        let looks_like_test = last.len() > 4
            && last.starts_with('i')
            && last.as_bytes()[1..3].iter().all(u8::is_ascii_digit);
        if looks_like_test && !code.contains(&format!("fn {last}")) {
            findings.push(format!(
                "docs/SAFETY.md names `{name}`, which does not exist"
            ));
        }
    }
    report(&findings);
}
