//! Every rule of the city folder is broken once, and every good city has nothing against it.

use std::fs;
use std::path::{Path, PathBuf};

use greenwave::plan::{CityFiles, Finding, check_city};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files_below(folder: &Path) -> CityFiles {
    fn walk(top: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() {
                walk(top, &path, files);
            } else if matches!(ending, Some("toml" | "geojson")) {
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
