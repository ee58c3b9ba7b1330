//! The folder's README.
use std::collections::BTreeMap;
use crate::layout::City;
use crate::site::Site;
pub(crate) fn write(_city: &City, sites: &BTreeMap<String, Site>) -> String {
    format!("# Ankang (demo)\n\nSynthetic. {} sites.\n", sites.len())
}
