//! Frames: marks, escapes, checksum and header of both versions.

use super::super::fault::{Fault, FaultKind};
use super::bytes::Bytes;
use super::phone::Phone;

/// Stands before and behind every frame.
pub const MARK: u8 = 0x7e;
const ESCAPE: u8 = 0x7d;
/// A body has at most this many bytes; the header has ten bits for the number.
pub const BODY_MAX: usize = 1023;
/// No frame is longer as it comes in, marks and escapes included.
pub const RAW_MAX: usize = 2 * (21 + BODY_MAX + 1) + 2;
/// Parts of one message at most: 64 times 1,023 bytes are more than any message we know.
pub const PARTS_MAX: u16 = 64;

const LENGTH_BITS: u16 = 0x03ff;
const ENCRYPTION_BITS: u16 = 0x1c00;
const PART_BIT: u16 = 0x2000;
const VERSION_BIT: u16 = 0x4000;

/// The two forms of the header that are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// JT/T 808-2013: twelve digits.
    V2013,
    /// JT/T 808-2019: twenty digits, and a byte for the version of the protocol.
    V2019,
}

impl Version {
    /// The year.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::V2013 => "2013",
            Self::V2019 => "2019",
        }
    }

    const fn phone_bytes(self) -> usize {
        match self {
            Self::V2013 => 6,
            Self::V2019 => 10,
        }
    }
}

/// Which part of a longer message a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many there are.
    pub total: u16,
    /// Which one this is, from 1.
    pub index: u16,
}

/// Everything before the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the message is.
    pub id: u16,
    /// Which form the header has.
    pub version: Version,
    /// Who sends or receives it.
    pub phone: Phone,
    /// Counts up per sender; an answer names it.
    pub serial: u16,
    /// Set for a part of a longer message.
    pub part: Option<Part>,
}

/// A frame taken out of its marks and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Everything before the body.
    pub header: Header,
    /// What the message says.
    pub body: &'a [u8],
    body_at: usize,
}

impl Frame<'_> {
    /// A fault of the body, moved to its byte of the frame as it came in.
    #[must_use]
    pub fn located(&self, raw: &[u8], fault: Fault) -> Fault {
        Fault {
            at: raw_place(raw, self.body_at + fault.at),
            ..fault
        }
    }
}

/// Takes one frame, marks included, apart. `room` keeps the bytes without escapes.
///
/// # Errors
/// What is wrong, at the byte of `raw` where it is.
pub fn decode_frame<'a>(raw: &[u8], room: &'a mut Vec<u8>) -> Result<Frame<'a>, Fault> {
    unescape(raw, room)?;
    let room: &'a [u8] = room;
    parse(room).map_err(|fault| Fault {
        at: raw_place(raw, fault.at),
        ..fault
    })
}

/// Removes marks and escapes.
fn unescape(raw: &[u8], room: &mut Vec<u8>) -> Result<(), Fault> {
    room.clear();
    let mark = |at: usize, found: Option<&u8>| {
        let found = found.map_or("nothing".to_owned(), |byte| format!("{byte:#04x}"));
        Fault::new(FaultKind::Mark, (at, "mark"), "0x7e", found)
    };
    if raw.len() > RAW_MAX {
        return Err(Fault::new(
            FaultKind::Length,
            (RAW_MAX, "frame"),
            format!("at most {RAW_MAX} bytes"),
            format!("{} bytes", raw.len()),
        ));
    }
    let Some((&MARK, inner)) = raw.split_first() else {
        return Err(mark(0, raw.first()));
    };
    let Some((&MARK, inner)) = inner.split_last() else {
        return Err(mark(raw.len().saturating_sub(1).max(1), inner.last()));
    };
    let mut bytes = inner.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        room.push(match byte {
            MARK => {
                let found = "a mark inside the frame";
                return Err(Fault::new(
                    FaultKind::Mark,
                    (at + 1, "frame"),
                    "one frame between two marks",
                    found,
                ));
            }
            ESCAPE => match bytes.next() {
                Some((_, 1)) => ESCAPE,
                Some((_, 2)) => MARK,
                other => {
                    let found = other.map_or("the end of the frame".to_owned(), |(_, byte)| {
                        format!("{byte:#04x}")
                    });
                    return Err(Fault::new(
                        FaultKind::Escape,
                        (at + 2, "escape"),
                        "0x01 or 0x02 after 0x7d",
                        found,
                    ));
                }
            },
            other => other,
        });
    }
    Ok(())
}

/// Where byte `at` of the unescaped content stands in `raw`.
fn raw_place(raw: &[u8], at: usize) -> usize {
    let (mut place, mut left) = (1, at);
    while left > 0 && place < raw.len() {
        place += if raw.get(place) == Some(&ESCAPE) {
            2
        } else {
            1
        };
        left -= 1;
    }
    place.min(raw.len().saturating_sub(1))
}

/// Reads checksum and header of unescaped content.
fn parse(content: &[u8]) -> Result<Frame<'_>, Fault> {
    let Some((&sum, covered)) = content.split_last() else {
        return Err(Fault::new(
            FaultKind::Length,
            (0, "frame"),
            "a header and a checksum",
            "nothing between the marks",
        ));
    };
    let expected = checksum(covered);
    if sum != expected {
        return Err(Fault::new(
            FaultKind::Checksum,
            (covered.len(), "checksum"),
            format!("{expected:#04x}, the exclusive or of header and body"),
            format!("{sum:#04x}"),
        ));
    }
    headed(&mut Bytes::new(covered, 0))
}

/// Reads a header and takes what follows as the body.
fn headed<'a>(bytes: &mut Bytes<'a>) -> Result<Frame<'a>, Fault> {
    let id = bytes.u16("message id")?;
    let properties = bytes.u16("properties")?;
    if properties & ENCRYPTION_BITS != 0 {
        return Err(Fault::new(
            FaultKind::Encrypted,
            (2, "properties"),
            "an open body (bits 10 to 12 zero)",
            format!("{properties:#06x}"),
        ));
    }
    let version = if properties & VERSION_BIT == 0 {
        Version::V2013
    } else {
        // The byte counts revisions of the protocol; 1 is the first, and later ones keep the form.
        let _revision = bytes.u8("protocol version")?;
        Version::V2019
    };
    let phone_at = bytes.at();
    let phone = Phone::from_packed(
        bytes.take(version.phone_bytes(), "terminal phone")?,
        phone_at,
    )?;
    let serial = bytes.u16("serial number")?;
    let part = if properties & PART_BIT == 0 {
        None
    } else {
        Some(part(bytes)?)
    };
    let body_at = bytes.at();
    let length = usize::from(properties & LENGTH_BITS);
    if bytes.left() != length {
        return Err(Fault::new(
            FaultKind::Length,
            (2, "properties"),
            format!("the length of the body, which is {}", bytes.left()),
            format!("{length}"),
        ));
    }
    Ok(Frame {
        header: Header {
            id,
            version,
            phone,
            serial,
            part,
        },
        body: bytes.rest(),
        body_at,
    })
}

fn part(bytes: &mut Bytes<'_>) -> Result<Part, Fault> {
    let at = bytes.at();
    let total = bytes.u16("number of parts")?;
    let index = bytes.u16("part")?;
    if total == 0 || total > PARTS_MAX || index == 0 || index > total {
        return Err(Fault::new(
            FaultKind::Part,
            (at, "number of parts"),
            format!("1 to {PARTS_MAX} parts, and one of them"),
            format!("part {index} of {total}"),
        ));
    }
    Ok(Part { total, index })
}

/// The exclusive or of all bytes.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Appends one frame, marks and escapes included, to `out`; `None` if the body is too long for one
/// frame or the number too long for the version, and then nothing is appended.
#[must_use]
pub fn encode_frame(header: &Header, body: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let length = u16::try_from(body.len())
        .ok()
        .filter(|n| *n <= LENGTH_BITS)?;
    let phone = header.phone.packed(header.version.phone_bytes())?;
    let mut content = Vec::with_capacity(body.len() + 22);
    let version = match header.version {
        Version::V2013 => 0,
        Version::V2019 => VERSION_BIT,
    };
    let parted = if header.part.is_some() { PART_BIT } else { 0 };
    content.extend_from_slice(&header.id.to_be_bytes());
    content.extend_from_slice(&(length | version | parted).to_be_bytes());
    if header.version == Version::V2019 {
        content.push(1);
    }
    content.extend_from_slice(phone);
    content.extend_from_slice(&header.serial.to_be_bytes());
    if let Some(part) = header.part {
        content.extend_from_slice(&part.total.to_be_bytes());
        content.extend_from_slice(&part.index.to_be_bytes());
    }
    content.extend_from_slice(body);
    content.push(checksum(&content));
    out.push(MARK);
    for byte in content {
        match byte {
            MARK => out.extend_from_slice(&[ESCAPE, 2]),
            ESCAPE => out.extend_from_slice(&[ESCAPE, 1]),
            other => out.push(other),
        }
    }
    out.push(MARK);
    Some(())
}
