//! One sentence: marks, checksum, and the fields of RMC, GGA and VTG.

use super::super::fault::{Fault, FaultKind};

/// The standard says 82; receivers with many digits go a little further.
const LENGTH_MAX: usize = 120;
/// Fields of a sentence at most.
const FIELDS_MAX: usize = 40;
const MPS_OF_KNOT: f64 = 1852.0 / 3600.0;

/// Where, degrees north and east.
pub(super) type Degrees = (f64, f64);

/// Speed and course over ground.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Course {
    /// Metres a second.
    pub speed_mps: Option<f64>,
    /// Clockwise from north, degrees.
    pub heading_deg: Option<f64>,
}

/// The least that a receiver tells: time, place, speed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rmc {
    /// Which system measured, as `GP`, `BD`, `GN`.
    pub talker: String,
    /// True if the receiver stands by it: not a guess, a manual entry or a simulation.
    pub valid: bool,
    /// Time of day, UTC, milliseconds.
    pub time_ms: Option<u32>,
    /// Day, month, year with two digits.
    pub date: Option<(u8, u8, u8)>,
    /// Where.
    pub at: Option<Degrees>,
    /// How fast, and which way.
    pub course: Course,
}

/// How good a position is.
#[derive(Clone, Debug, PartialEq)]
pub struct Gga {
    /// Which system measured.
    pub talker: String,
    /// Time of day, UTC, milliseconds.
    pub time_ms: Option<u32>,
    /// Where.
    pub at: Option<Degrees>,
    /// 0 none, 1 and up measured, 6 estimated, 7 by hand, 8 simulated.
    pub quality: u8,
    /// In use.
    pub satellites: Option<u8>,
    /// Dilution of precision.
    pub hdop: Option<f64>,
    /// Above the sea.
    pub altitude_m: Option<f64>,
}

/// What a sentence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Sentence {
    /// Time, place, speed.
    Rmc(Rmc),
    /// Place and how good it is.
    Gga(Gga),
    /// Speed and course alone.
    Vtg(Course),
    /// A sentence that we have no use for.
    Other(String),
}

/// The exclusive or of what stands between `$` and `*`.
#[must_use]
pub fn checksum(inner: &[u8]) -> u8 {
    inner.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Reads one line, with or without its line end.
///
/// # Errors
/// What is wrong, at its byte of the line.
pub fn parse(line: &[u8]) -> Result<Sentence, Fault> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    let line = line.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
    let inner = inner(line)?;
    let text = core::str::from_utf8(inner)
        .ok()
        .filter(|text| text.is_ascii());
    let text = text.ok_or_else(|| {
        let at = inner.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
        let expected = "letters, digits and commas";
        Fault::new(
            FaultKind::Field,
            (at + 1, "sentence"),
            expected,
            "a byte above 127",
        )
    })?;
    let fields = Fields::new(text)?;
    let name = fields.text(0);
    let kind = match name.len() {
        5 if !name.starts_with('P') => name.get(2..).unwrap_or_default(),
        _ => "",
    };
    match kind {
        "RMC" => rmc(&fields).map(Sentence::Rmc),
        "GGA" => gga(&fields).map(Sentence::Gga),
        "VTG" => vtg(&fields).map(Sentence::Vtg),
        _ => Ok(Sentence::Other(name.to_owned())),
    }
}

/// What stands between `$` and `*`, once the checksum fits.
fn inner(line: &[u8]) -> Result<&[u8], Fault> {
    if line.len() > LENGTH_MAX {
        let expected = format!("at most {LENGTH_MAX} bytes");
        let found = format!("{} bytes", line.len());
        return Err(Fault::new(
            FaultKind::Length,
            (LENGTH_MAX, "sentence"),
            expected,
            found,
        ));
    }
    let Some((b'$', rest)) = line.split_first() else {
        let found = line
            .first()
            .map_or("nothing".to_owned(), |byte| format!("{byte:#04x}"));
        return Err(Fault::new(FaultKind::Mark, (0, "mark"), "$", found));
    };
    let star = rest.iter().position(|byte| *byte == b'*');
    let split = star.and_then(|star| Some((rest.get(..star)?, rest.get(star + 1..)?)));
    let Some((inner, sum)) = split else {
        let found = "the end of the line";
        return Err(Fault::new(
            FaultKind::Checksum,
            (line.len(), "checksum"),
            "* and two digits",
            found,
        ));
    };
    let at = inner.len() + 2;
    let expected = format!("{:02X}", checksum(inner));
    if sum.eq_ignore_ascii_case(expected.as_bytes()) {
        return Ok(inner);
    }
    let found = String::from_utf8_lossy(sum).into_owned();
    Err(Fault::new(
        FaultKind::Checksum,
        (at, "checksum"),
        expected,
        found,
    ))
}

/// The fields of a sentence and where they stand in the line.
struct Fields<'t>(Vec<(usize, &'t str)>);

impl<'t> Fields<'t> {
    fn new(text: &'t str) -> Result<Self, Fault> {
        let mut fields = Vec::new();
        let mut at = 1;
        for field in text.split(',') {
            if fields.len() >= FIELDS_MAX {
                let expected = format!("at most {FIELDS_MAX} fields");
                return Err(Fault::new(
                    FaultKind::Length,
                    (at, "sentence"),
                    expected,
                    "more",
                ));
            }
            fields.push((at, field));
            at += field.len() + 1;
        }
        Ok(Self(fields))
    }

    fn text(&self, number: usize) -> &'t str {
        self.0.get(number).map_or("", |(_, field)| field)
    }

    fn wrong(&self, number: usize, what: &'static str, expected: &str) -> Fault {
        let end = self.0.last().map_or(0, |(at, field)| at + field.len());
        let at = self.0.get(number).map_or(end, |(at, _)| *at);
        Fault::new(
            FaultKind::Field,
            (at, what),
            expected,
            format!("\"{}\"", self.text(number)),
        )
    }

    /// Refuses a sentence with fewer than `count` fields after its name.
    fn at_least(&self, count: usize) -> Result<(), Fault> {
        if self.0.len() > count {
            return Ok(());
        }
        let end = self.0.last().map_or(0, |(at, field)| at + field.len());
        let expected = format!("{count} fields after the name");
        let found = format!("{}", self.0.len() - 1);
        Err(Fault::new(
            FaultKind::Length,
            (end, "sentence"),
            expected,
            found,
        ))
    }

    /// A number in range, or nothing if the field is empty.
    fn number(
        &self,
        number: usize,
        what: &'static str,
        range: core::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, Fault> {
        let text = self.text(number);
        if text.is_empty() {
            return Ok(None);
        }
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        let value: Option<f64> = text.parse().ok();
        value
            .filter(|value| plain && range.contains(value))
            .map(Some)
            .ok_or_else(|| {
                self.wrong(
                    number,
                    what,
                    &format!("a number from {} to {}", range.start(), range.end()),
                )
            })
    }

    /// Time of day as hhmmss with decimals, milliseconds.
    fn time(&self, number: usize) -> Result<Option<u32>, Fault> {
        let text = self.text(number);
        if text.is_empty() {
            return Ok(None);
        }
        let read = || {
            let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if whole.len() != 6 || !digits(whole) || !digits(part) || part.is_empty() {
                return None;
            }
            let two = |at: usize| whole.get(at..at + 2)?.parse::<u32>().ok();
            let (hour, minute, second) = (two(0)?, two(2)?, two(4)?);
            let padded = format!("{part:0<3}");
            let ms: u32 = padded.get(..3)?.parse().ok()?;
            let real = hour < 24 && minute < 60 && second < 61;
            real.then_some(((hour * 60 + minute) * 60 + second.min(59)) * 1000 + ms)
        };
        read()
            .map(Some)
            .ok_or_else(|| self.wrong(number, "time", "hhmmss with decimals"))
    }

    /// A latitude and a longitude with their letters, or nothing if they are empty.
    fn place(&self, first: usize) -> Result<Option<Degrees>, Fault> {
        let lat = self.degrees(first, "latitude", (2, 90.0), ['N', 'S'])?;
        let lon = self.degrees(first + 2, "longitude", (3, 180.0), ['E', 'W'])?;
        Ok(lat.zip(lon))
    }

    /// Degrees and minutes run together, as 3241.5000, and the letter that follows.
    fn degrees(
        &self,
        number: usize,
        what: &'static str,
        (digits, most): (usize, f64),
        [plus, minus]: [char; 2],
    ) -> Result<Option<f64>, Fault> {
        let (text, letter) = (self.text(number), self.text(number + 1));
        if text.is_empty() {
            return Ok(None);
        }
        let read = || {
            let plain = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            let (degrees, minutes) = text.split_at_checked(digits)?;
            let degrees: f64 = degrees.parse().ok().filter(|_| plain)?;
            let minutes: f64 = minutes.parse().ok()?;
            let value = degrees + minutes / 60.0;
            (minutes < 60.0 && value <= most).then_some(value)
        };
        let wants = if digits == 2 {
            "ddmm.mmmm"
        } else {
            "dddmm.mmmm"
        };
        let value = read().ok_or_else(|| self.wrong(number, what, wants))?;
        let mut letters = letter.chars();
        match (letters.next(), letters.next()) {
            (Some(one), None) if one == plus => Ok(Some(value)),
            (Some(one), None) if one == minus => Ok(Some(-value)),
            _ => Err(self.wrong(number + 1, what, &format!("{plus} or {minus}"))),
        }
    }

    fn talker(&self) -> String {
        self.text(0).get(..2).unwrap_or_default().to_owned()
    }
}

fn rmc(fields: &Fields<'_>) -> Result<Rmc, Fault> {
    fields.at_least(9)?;
    let status = match fields.text(2) {
        "A" => true,
        "V" => false,
        _ => return Err(fields.wrong(2, "status", "A or V")),
    };
    // The mode came later: measured, with corrections, or to the centimetre; not estimated, by
    // hand, or simulated.
    let mode = matches!(fields.text(12), "" | "A" | "D" | "F" | "R" | "P");
    let knots = fields.number(7, "speed", 0.0..=2_000.0)?;
    Ok(Rmc {
        talker: fields.talker(),
        valid: status && mode,
        time_ms: fields.time(1)?,
        date: date(fields)?,
        at: fields.place(3)?,
        course: Course {
            speed_mps: knots.map(|knots| knots * MPS_OF_KNOT),
            heading_deg: fields.number(8, "course", 0.0..=360.0)?,
        },
    })
}

fn date(fields: &Fields<'_>) -> Result<Option<(u8, u8, u8)>, Fault> {
    let text = fields.text(9);
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let two = |at: usize| {
            let digits = text.get(at..at + 2)?;
            digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then_some(())?;
            digits.parse::<u8>().ok()
        };
        let (day, month, year) = (two(0)?, two(2)?, two(4)?);
        (text.len() == 6).then_some(())?;
        super::clock::date_ms((day, month, year)).map(|_| (day, month, year))
    };
    read()
        .map(Some)
        .ok_or_else(|| fields.wrong(9, "date", "ddmmyy"))
}

fn gga(fields: &Fields<'_>) -> Result<Gga, Fault> {
    fields.at_least(9)?;
    let quality = fields.number(6, "quality", 0.0..=9.0)?;
    let satellites = fields.number(7, "satellites", 0.0..=99.0)?;
    Ok(Gga {
        talker: fields.talker(),
        time_ms: fields.time(1)?,
        at: fields.place(2)?,
        quality: small(quality.unwrap_or(0.0)),
        satellites: satellites.map(small),
        hdop: fields.number(8, "dilution", 0.0..=999.0)?,
        altitude_m: fields.number(9, "altitude", -1_000.0..=20_000.0)?,
    })
}

fn vtg(fields: &Fields<'_>) -> Result<Course, Fault> {
    fields.at_least(8)?;
    let knots = fields
        .number(5, "speed", 0.0..=2_000.0)?
        .map(|knots| knots * MPS_OF_KNOT);
    let kmh = fields
        .number(7, "speed", 0.0..=4_000.0)?
        .map(|kmh| kmh / 3.6);
    let valid = fields.text(9) != "N";
    Ok(Course {
        speed_mps: kmh.or(knots).filter(|_| valid),
        heading_deg: fields.number(1, "course", 0.0..=360.0)?.filter(|_| valid),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was checked before"
)]
const fn small(number: f64) -> u8 {
    number as u8
}
