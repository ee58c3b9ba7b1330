//! The folder's README.
use crate::layout::City;
use crate::site::Site;
use std::collections::BTreeMap;
pub(crate) fn write(_city: &City, sites: &BTreeMap<String, Site>) -> String {
    format!("# Ankang (demo)\n\nSynthetic. {} sites.\n", sites.len())
}
