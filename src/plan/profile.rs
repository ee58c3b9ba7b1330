//! Regional floors and defaults, all in one place.

use crate::units::{Length, Millis, Speed};

/// The floors and defaults of one region. Values below a floor are refused even if typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name in site files.
    pub name: &'static str,
    /// Shortest amber (I2).
    pub amber_floor: Millis,
    /// Up to this speed the floor is enough; above it the formula counts (I3).
    pub amber_floor_up_to: Speed,
    /// Shortest minimum green of driving groups (I5).
    pub green_floor: Millis,
    /// Shortest steady walk (I8).
    pub walk_floor: Millis,
    /// Walk where the file gives none (I8).
    pub walk_default: Millis,
    /// Fastest walking speed a clearance may be designed for (I8).
    pub walk_speed_max: Speed,
    /// Walking speed where the file gives none (I8).
    pub walk_speed_default: Speed,
    /// Shortest time from the end of flashing green to a hostile start (I9).
    pub buffer_floor: Millis,
    /// Shortest red after losing right of way (I6).
    pub red_floor: Millis,
    /// Shortest red of a driving group at a pedestrian crossing (I6).
    pub red_floor_at_crossing: Millis,
    /// Shortest flash of the start-up (I10).
    pub start_flash_floor: Millis,
    /// Shortest all red of the start-up (I10).
    pub start_red_floor: Millis,
    /// Longest wait of a driver (I7).
    pub vehicle_wait_max: Millis,
    /// Everyday bound on a walker's wait where the file gives none (I7).
    pub walker_wait_default: Millis,
    /// Longest everyday wait of a walker a file may allow (I7).
    pub walker_wait_ceiling: Millis,
    /// Longest green while somebody hostile waits (I18).
    pub green_watchdog: Millis,
    /// How long a wrong red or amber may be read back (I13).
    pub readback_other: Millis,
    /// How long a wrong green may be read back where the file says nothing (I13).
    pub readback_green: Millis,
    /// Length of the vehicle that has to clear a conflict point (I4).
    pub vehicle_length: Length,
    /// Longest wait of anyone while a corridor is held, where neither city nor site says.
    pub corridor_wait_default: Millis,
    /// Longest wait of motor vehicles while a corridor is held, unless a file says otherwise.
    pub corridor_red_default: Millis,
    /// Longest hold of a corridor at one signal, where neither city nor site says.
    pub corridor_hold_default: Millis,
    /// Time zones of the region that have no summer time.
    pub timezones: &'static [&'static str],
    /// Made to be compared with others on a simulated street: no real one may run on it (F13).
    pub comparison_only: bool,
    /// Stage changes of a plan may be yellow traps (S18): the programme of a simulated street is
    /// taken as it is, and its drivers know that the oncoming stream goes on.
    pub yellow_traps: bool,
}

/// The profile of the People's Republic of China: GB 14886, GB 25280, GB/T 51439.
pub const CN: Profile = Profile {
    name: "cn",
    amber_floor: Millis::from_secs(3),
    // 50 km/h, rounded as a file's 50 is.
    amber_floor_up_to: Speed::from_mm_per_s(13_889),
    green_floor: Millis::from_secs(5),
    walk_floor: Millis::from_secs(4),
    walk_default: Millis::from_secs(7),
    walk_speed_max: Speed::from_mm_per_s(1200),
    walk_speed_default: Speed::from_mm_per_s(1000),
    buffer_floor: Millis::from_secs(2),
    red_floor: Millis::from_secs(1),
    red_floor_at_crossing: Millis::from_secs(4),
    start_flash_floor: Millis::from_secs(10),
    start_red_floor: Millis::from_secs(5),
    vehicle_wait_max: Millis::from_secs(180),
    walker_wait_default: Millis::from_secs(70),
    walker_wait_ceiling: Millis::from_secs(90),
    green_watchdog: Millis::from_secs(300),
    readback_other: Millis::new(800),
    readback_green: Millis::new(300),
    vehicle_length: Length::from_mm(6100),
    corridor_wait_default: Millis::from_secs(120),
    corridor_red_default: Millis::from_secs(150),
    corridor_hold_default: Millis::from_secs(120),
    timezones: &[
        "Asia/Shanghai",
        "Asia/Urumqi",
        "Asia/Hong_Kong",
        "Asia/Macau",
    ],
    comparison_only: false,
    yellow_traps: false,
};

/// What a usual field controller of another region holds to; for comparison on a simulated street.
pub const FIELD: Profile = Profile {
    name: "field",
    start_flash_floor: Millis::ZERO,
    start_red_floor: Millis::ZERO,
    comparison_only: true,
    yellow_traps: true,
    ..CN
};

/// The rules of the public benchmark of signal control; for comparison on a simulated street. What
/// makes it shorter than [`FIELD`] are site files without any all red.
pub const RESCO: Profile = Profile {
    name: "resco",
    ..FIELD
};

/// The profiles a site file may name.
pub const PROFILES: &[Profile] = &[CN, FIELD, RESCO];
