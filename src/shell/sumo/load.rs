//! A city folder as texts, loaded as the program itself loads one.

use crate::network::RoadGraph;
use crate::plan::CheckedCity;
use crate::shell::checked_files::check_files;

/// Checks the files of a city and loads them.
///
/// # Errors
/// Every finding in a sentence, if one of them refuses the city.
pub fn load(files: &[(String, String)]) -> Result<(CheckedCity, RoadGraph), Vec<String>> {
    let checked = check_files(files);
    checked.city.ok_or_else(|| {
        let sites = checked.findings.iter().map(ToString::to_string);
        let network = checked.network.iter().map(|finding| {
            let line = finding
                .line
                .map_or_else(String::new, |line| format!("{line}: "));
            format!(
                "{}: {line}{} {}",
                finding.file, finding.code, finding.message
            )
        });
        sites.chain(network).collect()
    })
}
