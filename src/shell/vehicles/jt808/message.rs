//! What the messages say that we take, and those that we send.

use serde_json::{Value, json};

use super::super::fault::{Fault, FaultKind};
use super::bytes::Bytes;
use super::frame::{Header, Version};
use super::location::Location;
use super::text;

/// Message numbers.
pub mod id {
    /// A terminal's general answer.
    pub const TERMINAL_ACK: u16 = 0x0001;
    /// A terminal is alive.
    pub const HEARTBEAT: u16 = 0x0002;
    /// A terminal leaves.
    pub const LOGOUT: u16 = 0x0003;
    /// A terminal asks for its code.
    pub const REGISTER: u16 = 0x0100;
    /// A terminal shows its code.
    pub const AUTHENTICATE: u16 = 0x0102;
    /// A position.
    pub const LOCATION: u16 = 0x0200;
    /// Positions of earlier.
    pub const BATCH: u16 = 0x0704;
    /// Our general answer.
    pub const PLATFORM_ACK: u16 = 0x8001;
    /// Our answer to a registration.
    pub const REGISTER_ACK: u16 = 0x8100;
    /// Our order to report more often for a while.
    pub const TRACK: u16 = 0x8202;
    /// Our text for the crew.
    pub const TEXT: u16 = 0x8300;
}

/// Positions of one batch at most.
const BATCH_MAX: usize = 2_000;

/// How a general answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckResult {
    /// Done.
    Done,
    /// Not done.
    Failed,
    /// The message was wrong.
    Wrong,
    /// There is no such message here.
    Unsupported,
    /// An alarm was taken note of.
    AlarmTaken,
}

impl AckResult {
    const ALL: [Self; 5] = [
        Self::Done,
        Self::Failed,
        Self::Wrong,
        Self::Unsupported,
        Self::AlarmTaken,
    ];

    const fn byte(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Wrong => 2,
            Self::Unsupported => 3,
            Self::AlarmTaken => 4,
        }
    }
}

/// A general answer, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Serial number of the message that is answered.
    pub serial: u16,
    /// Its id.
    pub id: u16,
    /// What became of it.
    pub result: AckResult,
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Province, by the administrative code.
    pub province: u16,
    /// County of it.
    pub city: u16,
    /// Manufacturer.
    pub maker: String,
    /// Type of the terminal.
    pub model: String,
    /// The terminal's own number.
    pub device: String,
    /// Colour of the plate; 0 without one.
    pub plate_colour: u8,
    /// The plate, or the vehicle's identification number if it has none.
    pub plate: String,
}

/// How a registration ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Done; the code to show from now on.
    Done(String),
    /// The vehicle has another terminal.
    VehicleTaken,
    /// Nobody knows the vehicle.
    NoVehicle,
    /// The terminal is in another vehicle.
    TerminalTaken,
    /// Nobody knows the terminal.
    NoTerminal,
}

impl Registered {
    const fn byte(&self) -> u8 {
        match self {
            Self::Done(_) => 0,
            Self::VehicleTaken => 1,
            Self::NoVehicle => 2,
            Self::TerminalTaken => 3,
            Self::NoTerminal => 4,
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// 0x0001 and 0x8001.
    Ack(Ack),
    /// 0x0002.
    Heartbeat,
    /// 0x0003.
    Logout,
    /// 0x0100.
    Register(Register),
    /// 0x8100: the serial number that is answered, and the answer.
    RegisterAck(u16, Registered),
    /// 0x0102: the code.
    Authenticate(String),
    /// 0x0200.
    Location(Location),
    /// 0x0704; `resent` if the terminal was out of reach when they were true.
    Batch {
        /// Sent again from where nobody heard it.
        resent: bool,
        /// The positions, oldest first as a rule.
        items: Vec<Location>,
    },
    /// 0x8202: report every so many seconds for so many seconds; zero ends it.
    Track {
        /// Time between reports, seconds.
        every_s: u16,
        /// For how long, seconds.
        for_s: u32,
    },
    /// 0x8300: a text to show and to read out.
    Text {
        /// Marked as urgent.
        urgent: bool,
        /// What the crew reads.
        text: String,
    },
    /// A message that we have no use for, and how long it is.
    Other(usize),
}

/// The name of a message, or `other`.
#[must_use]
pub const fn name_of(message: u16) -> &'static str {
    match message {
        id::TERMINAL_ACK => "terminal-answer",
        id::HEARTBEAT => "heartbeat",
        id::LOGOUT => "logout",
        id::REGISTER => "register",
        id::AUTHENTICATE => "authenticate",
        id::LOCATION => "location",
        id::BATCH => "location-batch",
        id::PLATFORM_ACK => "platform-answer",
        id::REGISTER_ACK => "register-answer",
        id::TRACK => "temporary-tracking",
        id::TEXT => "text",
        _ => "other",
    }
}

/// Reads the body of a whole message.
///
/// # Errors
/// What is wrong, at the byte of the body where it is.
pub fn decode_body(header: &Header, body: &[u8]) -> Result<Message, Fault> {
    let mut bytes = Bytes::new(body, 0);
    let message = match header.id {
        id::TERMINAL_ACK | id::PLATFORM_ACK => Message::Ack(read_ack(&mut bytes)?),
        id::HEARTBEAT => Message::Heartbeat,
        id::LOGOUT => Message::Logout,
        id::REGISTER => Message::Register(read_register(header.version, &mut bytes)?),
        id::REGISTER_ACK => read_register_ack(&mut bytes)?,
        id::AUTHENTICATE => Message::Authenticate(read_code(header.version, &mut bytes)?),
        id::LOCATION => Message::Location(Location::read(bytes.rest(), 0)?),
        id::BATCH => read_batch(&mut bytes)?,
        id::TRACK => read_track(&mut bytes)?,
        id::TEXT => read_text(header.version, &mut bytes)?,
        _ => Message::Other(bytes.rest().len()),
    };
    bytes.end(name_of(header.id))?;
    Ok(message)
}

fn read_ack(bytes: &mut Bytes<'_>) -> Result<Ack, Fault> {
    let serial = bytes.u16("answered serial number")?;
    let id = bytes.u16("answered message")?;
    let at = bytes.at();
    let result = bytes.u8("result")?;
    let result = AckResult::ALL
        .into_iter()
        .find(|one| one.byte() == result)
        .ok_or_else(|| {
            Fault::new(
                FaultKind::Field,
                (at, "result"),
                "0 to 4",
                result.to_string(),
            )
        })?;
    Ok(Ack { serial, id, result })
}

fn read_register(version: Version, bytes: &mut Bytes<'_>) -> Result<Register, Fault> {
    let province = bytes.u16("province")?;
    let city = bytes.u16("county")?;
    // Terminals of the form before 2013 have eight bytes for their type and the shorter body.
    let (maker, model, device) = match version {
        Version::V2013 if bytes.left() < 33 => (5, 8, 7),
        Version::V2013 => (5, 20, 7),
        Version::V2019 => (11, 30, 30),
    };
    Ok(Register {
        province,
        city,
        maker: text::read(bytes.take(maker, "manufacturer")?),
        model: text::read(bytes.take(model, "terminal type")?),
        device: text::read(bytes.take(device, "terminal number")?),
        plate_colour: bytes.u8("plate colour")?,
        plate: text::read(bytes.rest()),
    })
}

fn read_register_ack(bytes: &mut Bytes<'_>) -> Result<Message, Fault> {
    let serial = bytes.u16("answered serial number")?;
    let at = bytes.at();
    let answer = match bytes.u8("result")? {
        0 => Registered::Done(text::read(bytes.rest())),
        1 => Registered::VehicleTaken,
        2 => Registered::NoVehicle,
        3 => Registered::TerminalTaken,
        4 => Registered::NoTerminal,
        other => {
            let fault = Fault::new(
                FaultKind::Field,
                (at, "result"),
                "0 to 4",
                other.to_string(),
            );
            return Err(fault);
        }
    };
    Ok(Message::RegisterAck(serial, answer))
}

/// The code; the later version adds the terminal's own number and its software, which we do not use.
fn read_code(version: Version, bytes: &mut Bytes<'_>) -> Result<String, Fault> {
    match version {
        Version::V2013 => Ok(text::read(bytes.rest())),
        Version::V2019 => {
            let length = bytes.u8("length of the code")?;
            let code = text::read(bytes.take(usize::from(length), "code")?);
            bytes.take(15, "IMEI")?;
            bytes.take(20, "software version")?;
            Ok(code)
        }
    }
}

fn read_batch(bytes: &mut Bytes<'_>) -> Result<Message, Fault> {
    let count = usize::from(bytes.u16("number of positions")?);
    if count > BATCH_MAX {
        return Err(Fault::new(
            FaultKind::Field,
            (0, "number of positions"),
            format!("at most {BATCH_MAX}"),
            count.to_string(),
        ));
    }
    let at = bytes.at();
    let kind = bytes.u8("kind of batch")?;
    if kind > 1 {
        return Err(Fault::new(
            FaultKind::Field,
            (at, "kind of batch"),
            "0 (collected) or 1 (sent again)",
            kind.to_string(),
        ));
    }
    let mut items = Vec::new();
    for _ in 0..count {
        let length = usize::from(bytes.u16("length of a position")?);
        let at = bytes.at();
        items.push(Location::read(bytes.take(length, "position")?, at)?);
    }
    let resent = kind == 1;
    Ok(Message::Batch { resent, items })
}

fn read_track(bytes: &mut Bytes<'_>) -> Result<Message, Fault> {
    let every_s = bytes.u16("time between reports")?;
    // An order that ends the tracking needs no second field, and one that is there says nothing.
    let for_s = if every_s == 0 && bytes.left() == 0 {
        0
    } else {
        bytes.u32("for how long")?
    };
    let for_s = if every_s == 0 { 0 } else { for_s };
    Ok(Message::Track { every_s, for_s })
}

fn read_text(version: Version, bytes: &mut Bytes<'_>) -> Result<Message, Fault> {
    let flags = bytes.u8("flags")?;
    let urgent = match version {
        Version::V2013 => flags & 1 != 0,
        Version::V2019 => {
            bytes.u8("kind of text")?;
            flags & 3 == 2
        }
    };
    let text = text::read(bytes.rest());
    Ok(Message::Text { urgent, text })
}

impl Message {
    /// The message's number. General answers are a terminal's or ours.
    #[must_use]
    pub const fn id(&self, from_terminal: bool) -> u16 {
        match self {
            Self::Ack(_) if from_terminal => id::TERMINAL_ACK,
            Self::Ack(_) => id::PLATFORM_ACK,
            Self::Heartbeat => id::HEARTBEAT,
            Self::Logout => id::LOGOUT,
            Self::Register(_) => id::REGISTER,
            Self::RegisterAck(..) => id::REGISTER_ACK,
            Self::Authenticate(_) => id::AUTHENTICATE,
            Self::Location(_) => id::LOCATION,
            Self::Batch { .. } => id::BATCH,
            Self::Track { .. } => id::TRACK,
            Self::Text { .. } => id::TEXT,
            Self::Other(_) => 0,
        }
    }

    /// The body as it goes on the wire; an empty one for [`Message::Other`].
    #[must_use]
    pub fn body(&self, version: Version) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Ack(ack) => {
                out.extend_from_slice(&ack.serial.to_be_bytes());
                out.extend_from_slice(&ack.id.to_be_bytes());
                out.push(ack.result.byte());
            }
            Self::Heartbeat | Self::Logout | Self::Other(_) => {}
            Self::Register(register) => write_register(register, version, &mut out),
            Self::RegisterAck(serial, answer) => {
                out.extend_from_slice(&serial.to_be_bytes());
                out.push(answer.byte());
                if let Registered::Done(code) = answer {
                    out.extend(text::write(code));
                }
            }
            Self::Authenticate(code) => write_code(code, version, &mut out),
            Self::Location(location) => location.write(&mut out),
            Self::Batch { resent, items } => write_batch(*resent, items, &mut out),
            Self::Track { every_s, for_s } => {
                out.extend_from_slice(&every_s.to_be_bytes());
                if *every_s > 0 {
                    out.extend_from_slice(&for_s.to_be_bytes());
                }
            }
            Self::Text { urgent, text } => {
                // Bit 2 shows the text, bit 3 reads it out.
                match version {
                    Version::V2013 => out.push(0b1100 | u8::from(*urgent)),
                    // Below them: 2 is urgent, 1 is a service message; then a notice.
                    Version::V2019 => {
                        out.extend([0b1100 | if *urgent { 2 } else { 1 }, 1]);
                    }
                }
                out.extend(text::write(text));
            }
        }
        out
    }

    /// The message as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Ack(ack) => json!({
                "answers_serial": ack.serial,
                "answers_id": format!("{:#06x}", ack.id),
                "result": ack.result.byte(),
            }),
            Self::Heartbeat | Self::Logout => json!({}),
            Self::Register(register) => json!({
                "province": register.province,
                "county": register.city,
                "maker": register.maker,
                "model": register.model,
                "device": register.device,
                "plate_colour": register.plate_colour,
                "plate": register.plate,
            }),
            Self::RegisterAck(serial, answer) => json!({
                "answers_serial": serial,
                "result": answer.byte(),
                "code": match answer { Registered::Done(code) => Some(code), _ => None },
            }),
            Self::Authenticate(code) => json!({ "code": code }),
            Self::Location(location) => location.json(),
            Self::Batch { resent, items } => json!({
                "resent": resent,
                "positions": items.iter().map(Location::json).collect::<Vec<_>>(),
            }),
            Self::Track { every_s, for_s } => json!({ "every_s": every_s, "for_s": for_s }),
            Self::Text { urgent, text } => json!({ "urgent": urgent, "text": text }),
            Self::Other(bytes) => json!({ "bytes": bytes }),
        }
    }
}

fn write_register(register: &Register, version: Version, out: &mut Vec<u8>) {
    let (maker, model, device) = match version {
        Version::V2013 => (5, 20, 7),
        Version::V2019 => (11, 30, 30),
    };
    out.extend_from_slice(&register.province.to_be_bytes());
    out.extend_from_slice(&register.city.to_be_bytes());
    out.extend(text::write_padded(&register.maker, maker));
    out.extend(text::write_padded(&register.model, model));
    out.extend(text::write_padded(&register.device, device));
    out.push(register.plate_colour);
    out.extend(text::write(&register.plate));
}

fn write_code(code: &str, version: Version, out: &mut Vec<u8>) {
    let bytes = text::write(code);
    match version {
        Version::V2013 => out.extend(bytes),
        Version::V2019 => {
            let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            out.push(length);
            out.extend(bytes.iter().take(usize::from(length)));
            out.extend([0; 35]);
        }
    }
}

fn write_batch(resent: bool, items: &[Location], out: &mut Vec<u8>) {
    let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    out.push(u8::from(resent));
    for item in items.iter().take(usize::from(count)) {
        let mut body = Vec::new();
        item.write(&mut body);
        let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend(body);
    }
}
