//! The files that a `.sumocfg` names.

use std::path::{Path, PathBuf};

use super::error::SumoError;
use super::xml::each_element;

/// The files of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFiles {
    /// The network.
    pub net: PathBuf,
    /// Route files.
    pub routes: Vec<PathBuf>,
    /// Additional files.
    pub additional: Vec<PathBuf>,
}

/// Reads which files a configuration names, relative to its own place.
///
/// # Errors
/// It cannot be read.
pub fn read_config(path: &Path) -> Result<ConfigFiles, SumoError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut files = ConfigFiles::default();
    each_element(path, &mut |element| {
        let named = element.text("value").unwrap_or_default();
        let list = named.split([',', ' ']).filter(|name| !name.is_empty());
        let list = list.map(|name| folder.join(name));
        match element.name().as_str() {
            "net-file" | "net" | "n" => files.net = folder.join(&named),
            "route-files" | "r" => files.routes.extend(list),
            "additional-files" | "additional" | "a" => files.additional.extend(list),
            _ => {}
        }
        Ok(())
    })?;
    Ok(files)
}
