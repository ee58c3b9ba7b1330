//! What the console shows beside the street: cameras and a base map.

use super::super::keys::Keys;
use super::super::tree::{At, Section};

const BASE_MAP: Keys = Keys::only(&["url", "attribution"]);
const CAMERA: Keys = Keys::only(&["site", "url"]);

/// What the city file says of the console.
#[derive(Debug, Default)]
pub(in super::super) struct RawConsole {
    pub(in super::super) base_map: Option<RawBaseMap>,
    pub(in super::super) cameras: Vec<RawCamera>,
}

/// `[base_map]`.
#[derive(Debug)]
pub(in super::super) struct RawBaseMap {
    pub(in super::super) url: Option<At<String>>,
    pub(in super::super) attribution: Option<At<String>>,
}

/// One `[[camera]]`.
#[derive(Debug)]
pub(in super::super) struct RawCamera {
    pub(in super::super) site: Option<At<String>>,
    pub(in super::super) url: Option<At<String>>,
}

pub(super) fn read_console(top: &Section<'_>) -> RawConsole {
    let base_map = top.table("base_map", "[base_map]", &BASE_MAP);
    let cameras = top.tables("camera", "[[camera]]", &CAMERA, usize::MAX);
    RawConsole {
        base_map: base_map.as_ref().map(read_base_map),
        cameras: cameras.iter().map(read_camera).collect(),
    }
}

fn read_base_map(map: &Section<'_>) -> RawBaseMap {
    RawBaseMap {
        url: map.text_needed("url"),
        attribution: map.text("attribution"),
    }
}

fn read_camera(camera: &Section<'_>) -> RawCamera {
    RawCamera {
        site: camera.text_needed("site"),
        url: camera.text_needed("url"),
    }
}
