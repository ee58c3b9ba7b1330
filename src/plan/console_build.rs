//! What the console shows beside the street, checked: a page may only load pictures from the one
//! place that the file names, and a link may only lead to a picture.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CheckedSite;
use super::code::Code;
use super::finding::Sheet;
use super::raw::{RawBaseMap, RawCamera, RawConsole};
use crate::ids::SiteId;

/// Longest address.
const URL_MAX: usize = 512;

/// What the console shows beside the street.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLinks {
    /// Where the camera of a site can be seen.
    pub cameras: Vec<(SiteId, String)>,
    /// A base map from elsewhere.
    pub base_map: Option<BaseMap>,
}

/// A base map from elsewhere, in tiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseMap {
    /// Address of a tile with its numbers in braces.
    pub url: String,
    /// Scheme, host and port of it.
    pub origin: String,
    /// Whom the map is from; empty if the file does not say.
    pub attribution: String,
}

pub(super) fn build_console(
    sheet: &Sheet<'_>,
    raw: &RawConsole,
    sites: &[Arc<CheckedSite>],
) -> ConsoleLinks {
    let cameras = raw.cameras.iter();
    ConsoleLinks {
        cameras: cameras
            .filter_map(|camera| build_camera(sheet, camera, sites))
            .collect(),
        base_map: raw
            .base_map
            .as_ref()
            .and_then(|map| build_base_map(sheet, map)),
    }
}

fn build_camera(
    sheet: &Sheet<'_>,
    camera: &RawCamera,
    sites: &[Arc<CheckedSite>],
) -> Option<(SiteId, String)> {
    let (site, url) = (camera.site.as_ref()?, camera.url.as_ref()?);
    let at = sites.iter().position(|known| known.id == site.value);
    // A city whose sites are refused has none here: that is told where they are refused.
    if at.is_none() && !sites.is_empty() {
        let message = format!("a camera is at site \"{}\", which there is not", site.value);
        sheet.note(Code::F11, &site.span, message, "name a site of the city");
    }
    if origin_of(&url.value, &["https", "rtsp", "http"]).is_none() {
        let message = format!("\"{}\" is no address of a camera", url.value);
        let help = "write https://HOST/..., rtsp://HOST/... or http://HOST/..., without user";
        sheet.note(Code::F08, &url.span, message, help);
        return None;
    }
    Some((SiteId::new(u16::try_from(at?).ok()?), url.value.clone()))
}

fn build_base_map(sheet: &Sheet<'_>, map: &RawBaseMap) -> Option<BaseMap> {
    let url = map.url.as_ref()?;
    let has = |keys: [&str; 3]| keys.iter().all(|key| url.value.contains(key));
    let numbered = has(["{z}", "{x}", "{y}"]) || has(["{TileMatrix}", "{TileCol}", "{TileRow}"]);
    let origin = origin_of(&url.value, &["https", "http"]).filter(|_| numbered);
    let Some(origin) = origin else {
        let message = format!("\"{}\" is no address of map tiles", url.value);
        let help = "write https://HOST/{z}/{x}/{y}.png, or WMTS with {TileMatrix}, {TileCol} and \
                    {TileRow}; scheme https or http, without user";
        sheet.note(Code::F08, &url.span, message, help);
        return None;
    };
    let attribution = map.attribution.as_ref();
    Some(BaseMap {
        url: url.value.clone(),
        origin,
        attribution: attribution
            .map(|text| text.value.clone())
            .unwrap_or_default(),
    })
}

/// Scheme, host and port of an address with one of these schemes; nothing if it is none, or one
/// with signs that could mean something else in a header or a link.
fn origin_of(url: &str, schemes: &[&str]) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if url.len() > URL_MAX || !schemes.contains(&scheme) {
        return None;
    }
    let odd = |sign: char| !sign.is_ascii_graphic() || "\"'<>\\^`|;,*".contains(sign);
    if rest.contains(odd) {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next()?;
    let fits = |sign: char| sign.is_ascii_alphanumeric() || ".-:[]".contains(sign);
    let good = host.starts_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '[')
        && host.chars().all(fits);
    good.then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_odd() {
        let of = |url| origin_of(url, &["https", "http"]);
        let good = "https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1";
        assert_eq!(of(good).as_deref(), Some("https://tiles.example:8443"));
        assert_eq!(
            of("http://[::1]:80/{z}").as_deref(),
            Some("http://[::1]:80")
        );
        for bad in [
            "tiles.example/{z}",
            "javascript://x/%0aalert(1)",
            "https://user@tiles.example/{z}",
            "https://tiles.example; script-src *",
            "https://*.example/{z}",
            "https:///x",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
