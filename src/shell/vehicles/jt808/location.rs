//! Where a terminal says it is: the body of 0x0200, and of every item of 0x0704.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::fault::{Fault, FaultKind};
use super::bytes::Bytes;
use super::time;

/// Bytes before the additional items.
const FIXED: usize = 28;
/// Additional items of one report at most; 28 bytes of a body are taken, two are an item's least.
const EXTRAS_MAX: usize = 512;

const LOCATED: u32 = 1 << 1;
const SOUTH: u32 = 1 << 2;
const WEST: u32 = 1 << 3;
const ENCRYPTED: u32 = 1 << 5;

/// One report of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Alarm bits; bit 0 is the emergency button.
    pub alarm: u32,
    /// Status bits as they came; bit 0 is the ignition.
    pub status: u32,
    /// North is positive, millionths of a degree.
    pub lat_udeg: i32,
    /// East is positive, millionths of a degree.
    pub lon_udeg: i32,
    /// Metres.
    pub altitude_m: u16,
    /// Tenths of a kilometre an hour.
    pub speed_dkmh: u16,
    /// Clockwise from north, degrees.
    pub heading_deg: u16,
    /// Unix milliseconds.
    pub time_ms: i64,
    /// What else it tells.
    pub extras: Vec<Extra>,
}

/// An additional item of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// Odometer, tenths of a kilometre (0x01).
    OdometerHm(u32),
    /// Fuel, tenths of a litre (0x02).
    FuelDl(u16),
    /// Speed of the driving recorder, tenths of a kilometre an hour (0x03).
    RecorderDkmh(u16),
    /// An alarm that a person must confirm (0x04).
    AlarmEvent(u16),
    /// Bits of the vehicle's lamps, horn and doors (0x25).
    Signals(u32),
    /// Inputs and outputs (0x2a).
    Inputs(u16),
    /// Radio signal, 0 to 255 (0x30).
    Radio(u8),
    /// Satellites in use (0x31).
    Satellites(u8),
    /// An item that we have no use for: its id and its bytes in hexadecimal.
    Other(u8, String),
}

impl Location {
    /// True if the terminal calls its position valid.
    #[must_use]
    pub const fn located(&self) -> bool {
        self.status & LOCATED != 0
    }

    /// Degrees.
    #[must_use]
    pub fn lat_deg(&self) -> f64 {
        f64::from(self.lat_udeg) / 1e6
    }

    /// Degrees.
    #[must_use]
    pub fn lon_deg(&self) -> f64 {
        f64::from(self.lon_udeg) / 1e6
    }

    /// Metres a second.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        f64::from(self.speed_dkmh) / 36.0
    }

    /// How many satellites it says it sees.
    #[must_use]
    pub fn satellites(&self) -> Option<u8> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Satellites(count) => Some(*count),
            _ => None,
        })
    }

    /// The report that a vehicle at this place makes, without alarm and with the ignition on.
    #[must_use]
    pub fn at(
        (lat_deg, lon_deg): (f64, f64),
        speed_mps: f64,
        heading_deg: f64,
        time_ms: i64,
    ) -> Self {
        let south = if lat_deg < 0.0 { SOUTH } else { 0 };
        let west = if lon_deg < 0.0 { WEST } else { 0 };
        Self {
            alarm: 0,
            status: 1 | LOCATED | south | west,
            lat_udeg: micro(lat_deg),
            lon_udeg: micro(lon_deg),
            altitude_m: 0,
            speed_dkmh: whole(speed_mps * 36.0),
            heading_deg: whole(heading_deg.rem_euclid(360.0)) % 360,
            time_ms,
            extras: Vec::new(),
        }
    }

    pub(super) fn read(body: &[u8], at: usize) -> Result<Self, Fault> {
        let mut bytes = Bytes::new(body, at);
        if body.len() < FIXED {
            return Err(Fault::new(
                FaultKind::Length,
                (at + body.len(), "location"),
                format!("at least {FIXED} bytes"),
                format!("{} bytes", body.len()),
            ));
        }
        let alarm = bytes.u32("alarm")?;
        let status = bytes.u32("status")?;
        if status & ENCRYPTED != 0 {
            return Err(Fault::new(
                FaultKind::Encrypted,
                (at + 4, "status"),
                "open coordinates (bit 5 zero)",
                format!("{status:#010x}"),
            ));
        }
        let lat_udeg = degrees(&mut bytes, "latitude", 90, status & SOUTH != 0)?;
        let lon_udeg = degrees(&mut bytes, "longitude", 180, status & WEST != 0)?;
        let altitude_m = bytes.u16("altitude")?;
        let speed_dkmh = bytes.u16("speed")?;
        let heading_at = bytes.at();
        let heading_deg = bytes.u16("heading")?;
        if heading_deg > 360 {
            return Err(Fault::new(
                FaultKind::Field,
                (heading_at, "heading"),
                "0 to 359 degrees",
                heading_deg.to_string(),
            ));
        }
        let time_at = bytes.at();
        let time_ms = time::unix_ms(bytes.take(6, "time")?, time_at)?;
        let mut extras = Vec::new();
        while bytes.left() > 0 && extras.len() < EXTRAS_MAX {
            extras.push(extra(&mut bytes)?);
        }
        Ok(Self {
            alarm,
            status,
            lat_udeg,
            lon_udeg,
            altitude_m,
            speed_dkmh,
            heading_deg,
            time_ms,
            extras,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.alarm.to_be_bytes());
        out.extend_from_slice(&self.status.to_be_bytes());
        out.extend_from_slice(&self.lat_udeg.unsigned_abs().to_be_bytes());
        out.extend_from_slice(&self.lon_udeg.unsigned_abs().to_be_bytes());
        for word in [self.altitude_m, self.speed_dkmh, self.heading_deg] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        out.extend_from_slice(&time::bcd_time(self.time_ms));
        for extra in &self.extras {
            write_extra(extra, out);
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "alarm": format!("{:#010x}", self.alarm),
            "status": format!("{:#010x}", self.status),
            "located": self.located(),
            "lat_deg": self.lat_deg(),
            "lon_deg": self.lon_deg(),
            "altitude_m": self.altitude_m,
            "speed_kmh": f64::from(self.speed_dkmh) / 10.0,
            "heading_deg": self.heading_deg,
            "time": jiff::Timestamp::from_millisecond(self.time_ms)
                .map(|at| at.to_string()).unwrap_or_default(),
            "extras": self.extras,
        })
    }
}

/// A latitude or longitude and its sign, millionths of a degree.
fn degrees(
    bytes: &mut Bytes<'_>,
    what: &'static str,
    most: u32,
    negative: bool,
) -> Result<i32, Fault> {
    let at = bytes.at();
    let value = bytes.u32(what)?;
    let signed = i32::try_from(value)
        .ok()
        .filter(|_| value <= most * 1_000_000);
    let signed = signed.ok_or_else(|| {
        Fault::new(
            FaultKind::Field,
            (at, what),
            format!("at most {most} degrees in millionths"),
            value.to_string(),
        )
    })?;
    Ok(if negative { -signed } else { signed })
}

fn extra(bytes: &mut Bytes<'_>) -> Result<Extra, Fault> {
    let at = bytes.at();
    let id = bytes.u8("item id")?;
    let length = bytes.u8("item length")?;
    let content = bytes.take(usize::from(length), "item")?;
    let wanted = match id {
        0x01 | 0x25 => 4,
        0x02 | 0x03 | 0x04 | 0x2a => 2,
        0x30 | 0x31 => 1,
        _ => return Ok(Extra::Other(id, super::hex(content))),
    };
    if content.len() != wanted {
        return Err(Fault::new(
            FaultKind::Field,
            (at + 1, "item length"),
            format!("{wanted} for item {id:#04x}"),
            length.to_string(),
        ));
    }
    let value = content
        .iter()
        .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let word = u16::try_from(value).unwrap_or(u16::MAX);
    let byte = u8::try_from(value).unwrap_or(u8::MAX);
    Ok(match id {
        0x01 => Extra::OdometerHm(value),
        0x02 => Extra::FuelDl(word),
        0x03 => Extra::RecorderDkmh(word),
        0x04 => Extra::AlarmEvent(word),
        0x25 => Extra::Signals(value),
        0x2a => Extra::Inputs(word),
        0x30 => Extra::Radio(byte),
        _ => Extra::Satellites(byte),
    })
}

fn write_extra(extra: &Extra, out: &mut Vec<u8>) {
    let mut item = |id: u8, bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        out.extend_from_slice(&[id, length]);
        out.extend(bytes.iter().take(usize::from(length)));
    };
    match extra {
        Extra::OdometerHm(value) => item(0x01, &value.to_be_bytes()),
        Extra::FuelDl(value) => item(0x02, &value.to_be_bytes()),
        Extra::RecorderDkmh(value) => item(0x03, &value.to_be_bytes()),
        Extra::AlarmEvent(value) => item(0x04, &value.to_be_bytes()),
        Extra::Signals(value) => item(0x25, &value.to_be_bytes()),
        Extra::Inputs(value) => item(0x2a, &value.to_be_bytes()),
        Extra::Radio(value) => item(0x30, &[*value]),
        Extra::Satellites(value) => item(0x31, &[*value]),
        Extra::Other(id, text) => item(*id, &unhex(text)),
    }
}

/// The bytes of hexadecimal digits that [`super::hex`] wrote.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .filter_map(|pair| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a degree in millionths fits"
)]
fn micro(degrees: f64) -> i32 {
    (degrees * 1e6).round().clamp(-180e6, 180e6) as i32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
fn whole(value: f64) -> u16 {
    value.round().clamp(0.0, f64::from(u16::MAX)) as u16
}
