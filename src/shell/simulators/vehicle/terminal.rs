//! The terminal's side of JT/T 808: it registers, shows its code, reports, and does what it is told.

use crate::shell::vehicles::jt808::message::{Ack, AckResult, Register, Registered};
use crate::shell::vehicles::jt808::{
    Header, Location, Message, Part, Phone, Splitter, Version, decode_body, decode_frame,
    encode_frame,
};

/// A body longer than this goes in parts.
const PIECE: usize = 900;

/// What the terminal learned from a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The code it is to show.
    Code(String),
    /// It got no code.
    NoCode(&'static str),
    /// A message of it was answered.
    Answered(Ack),
    /// It is to report this often for so long.
    Track(u16, u32),
    /// A text for the crew.
    Text(String),
    /// A frame that it could not read, or did not expect.
    Other,
}

/// A terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) phone: Phone,
    pub(super) version: Version,
    serial: u16,
    splitter: Splitter,
}

impl Terminal {
    pub(super) fn new(phone: Phone, version: Version) -> Self {
        Self {
            phone,
            version,
            serial: 0,
            splitter: Splitter::default(),
        }
    }

    /// The frames of a message: several if it is long.
    pub(super) fn frames(&mut self, message: &Message) -> Vec<u8> {
        let body = message.body(self.version);
        let pieces: Vec<&[u8]> = if body.len() <= PIECE {
            vec![&body]
        } else {
            body.chunks(PIECE).collect()
        };
        let total = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
        let mut raw = Vec::new();
        for (index, piece) in (1..).zip(pieces) {
            let header = Header {
                id: message.id(true),
                version: self.version,
                phone: self.phone,
                serial: self.serial,
                part: (total > 1).then_some(Part { total, index }),
            };
            self.serial = self.serial.wrapping_add(1);
            // A number of 20 digits does not fit the header of 2013; the caller has checked that.
            let _written = encode_frame(&header, piece, &mut raw);
        }
        raw
    }

    pub(super) fn register(&mut self, plate: &str) -> Vec<u8> {
        self.frames(&Message::Register(Register {
            province: 61,
            city: 900,
            maker: "GW".to_owned(),
            model: "SIMULATOR".to_owned(),
            device: "SIM0001".to_owned(),
            plate_colour: 2,
            plate: plate.to_owned(),
        }))
    }

    pub(super) fn location(&mut self, location: Location) -> Vec<u8> {
        self.frames(&Message::Location(location))
    }

    /// Reads what came in: what it means, and the answers that are due.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> (Vec<Heard>, Vec<u8>) {
        let (mut heard, mut answers) = (Vec::new(), Vec::new());
        for byte in bytes {
            if self.splitter.take(*byte) {
                let raw = self.splitter.frame().to_vec();
                heard.push(self.hear_frame(&raw, &mut answers));
            }
        }
        (heard, answers)
    }

    fn hear_frame(&mut self, raw: &[u8], answers: &mut Vec<u8>) -> Heard {
        let mut room = Vec::new();
        let Ok(frame) = decode_frame(raw, &mut room) else {
            return Heard::Other;
        };
        let Ok(message) = decode_body(&frame.header, frame.body) else {
            return Heard::Other;
        };
        let done = Message::Ack(Ack {
            serial: frame.header.serial,
            id: frame.header.id,
            result: AckResult::Done,
        });
        match message {
            Message::RegisterAck(_, Registered::Done(code)) => Heard::Code(code),
            Message::RegisterAck(_, Registered::NoTerminal) => {
                Heard::NoCode("nobody knows the terminal")
            }
            Message::RegisterAck(..) => {
                Heard::NoCode("the plate is not that of the terminal's vehicle")
            }
            Message::Ack(ack) => Heard::Answered(ack),
            Message::Track { every_s, for_s } => {
                answers.extend(self.frames(&done));
                Heard::Track(every_s, for_s)
            }
            Message::Text { text, .. } => {
                answers.extend(self.frames(&done));
                Heard::Text(text)
            }
            _ => Heard::Other,
        }
    }
}
