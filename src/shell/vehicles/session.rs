//! One terminal's connection, without the connection: bytes and moments in, effects out.
//!
//! A terminal registers with its number and gets a code, or shows the code it was given earlier.
//! Before that it may say nothing else. What it says later counts for the one vehicle that the
//! fleet list names for it, and for no other.

use std::sync::Arc;

use super::book::{Book, plain};
use super::bucket::Bucket;
use super::fault::Fault;
use super::jt808::message::{Ack, AckResult, Registered, id};
use super::jt808::{
    Assembler, Frame, Header, Location, Message, Phone, Splitter, Version, decode_body,
    decode_frame, encode_frame, message::Register,
};
use super::report::{Report, Source};

/// A connection has this long to show its code, milliseconds.
const SIGN_ON_MS: u64 = 15_000;
/// Frames a second of one terminal, on average and at once. A batch of history is one frame.
const PER_S: u64 = 20;
const BURST: u64 = 100;
/// Broken or early frames of one connection before it is closed.
const BAD_MAX: u32 = 50;
/// Texts that wait for their receipt; the oldest is given up.
const WAITING_MAX: usize = 16;
/// A receipt that has not come by then is not going to, milliseconds.
const RECEIPT_MS: u64 = 30_000;

/// The two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Only runs forwards, milliseconds.
    pub mono_ms: u64,
    /// Unix time, milliseconds.
    pub unix_ms: i64,
}

/// What the desk wants of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Report every so many seconds for so many seconds; zero ends it.
    Track {
        /// Time between reports, seconds.
        every_s: u16,
        /// For how long, seconds.
        for_s: u32,
    },
    /// Show and read out a text.
    Text {
        /// Marked as urgent.
        urgent: bool,
        /// What the crew reads.
        text: String,
        /// What its receipt is known by.
        number: u32,
    },
    /// Another connection speaks for the vehicle now.
    Leave,
}

/// What comes of bytes and moments.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Goes out as it is.
    Send(Vec<u8>),
    /// A frame that could be read.
    Frame,
    /// The terminal is the one of this vehicle from now on.
    SignedOn(String),
    /// A position of the vehicle.
    Report(Report),
    /// Positions of earlier: history, and nothing else.
    History(Vec<Report>),
    /// A frame that could not be taken.
    Broken(Vec<u8>, Fault),
    /// Something else that was not taken.
    Refused(&'static str),
    /// The terminal answered an order, or did not in time.
    Receipt {
        /// `text` or `temporary-tracking`.
        of: &'static str,
        /// What became of it.
        result: &'static str,
        /// The number of the text; 0 for other orders.
        number: u32,
    },
    /// The connection is over, for this reason.
    Close(&'static str),
}

struct SignedOn {
    phone: Phone,
    vehicle: String,
}

struct Waiting {
    serial: u16,
    of: &'static str,
    number: u32,
    since_ms: u64,
}

/// One terminal's connection.
pub struct Session {
    book: Arc<Book>,
    idle_ms: u64,
    splitter: Splitter,
    assembler: Assembler,
    room: Vec<u8>,
    bucket: Bucket,
    signed_on: Option<SignedOn>,
    version: Version,
    serial: u16,
    began_ms: u64,
    heard_ms: u64,
    bad: u32,
    noise: u64,
    oversize: u64,
    waiting: Vec<Waiting>,
    over: bool,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("vehicle", &self.vehicle())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A connection that was made now and closes itself after `idle_ms` of silence.
    #[must_use]
    pub fn new(book: Arc<Book>, idle_ms: u64, now: Now) -> Self {
        Self {
            book,
            idle_ms,
            splitter: Splitter::default(),
            assembler: Assembler::default(),
            room: Vec::new(),
            bucket: Bucket::new(PER_S, BURST, now.mono_ms),
            signed_on: None,
            version: Version::V2013,
            serial: 0,
            began_ms: now.mono_ms,
            heard_ms: now.mono_ms,
            bad: 0,
            noise: 0,
            oversize: 0,
            waiting: Vec::new(),
            over: false,
        }
    }

    /// The vehicle that the terminal speaks for, once it has signed on.
    #[must_use]
    pub fn vehicle(&self) -> Option<&str> {
        self.signed_on.as_ref().map(|on| on.vehicle.as_str())
    }

    /// Takes what came in.
    pub fn bytes(&mut self, bytes: &[u8], now: Now, out: &mut Vec<Effect>) {
        for byte in bytes {
            if self.over {
                return;
            }
            if self.splitter.take(*byte) {
                // Taken out for the time being, because the frame is read while the session changes.
                let splitter = core::mem::take(&mut self.splitter);
                self.frame(splitter.frame(), now, out);
                self.splitter = splitter;
            }
        }
        if self.splitter.noise() > self.noise {
            self.noise = self.splitter.noise();
            self.bad("noise", out);
        }
        if self.splitter.oversize() > self.oversize {
            self.oversize = self.splitter.oversize();
            self.bad("oversize", out);
        }
    }

    /// Looks at the clock; once a second is enough.
    pub fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        let gone = |since: u64| now.mono_ms.saturating_sub(since);
        if self.signed_on.is_none() && gone(self.began_ms) >= SIGN_ON_MS {
            self.close("not-signed-on", out);
        } else if gone(self.heard_ms) >= self.idle_ms {
            self.close("idle", out);
        }
        let late = |waiting: &Waiting| gone(waiting.since_ms) >= RECEIPT_MS;
        for waiting in self.waiting.extract_if(.., |waiting| late(waiting)) {
            out.push(Effect::Receipt {
                of: waiting.of,
                result: "no-answer",
                number: waiting.number,
            });
        }
    }

    /// Passes on what the desk wants.
    pub fn order(&mut self, order: &Order, now: Now, out: &mut Vec<Effect>) {
        let Some(on) = &self.signed_on else { return };
        let phone = on.phone;
        let (of, number, message) = match order {
            Order::Leave => {
                self.close("replaced", out);
                return;
            }
            Order::Track { every_s, for_s } => {
                let (every_s, for_s) = (*every_s, *for_s);
                ("temporary-tracking", 0, Message::Track { every_s, for_s })
            }
            Order::Text {
                urgent,
                text,
                number,
            } => {
                let text = text.clone();
                (
                    "text",
                    *number,
                    Message::Text {
                        urgent: *urgent,
                        text,
                    },
                )
            }
        };
        let serial = self.send(phone, &message, out);
        if self.waiting.len() >= WAITING_MAX {
            let oldest = self.waiting.remove(0);
            out.push(Effect::Receipt {
                of: oldest.of,
                result: "no-answer",
                number: oldest.number,
            });
        }
        self.waiting.push(Waiting {
            serial,
            of,
            number,
            since_ms: now.mono_ms,
        });
    }

    /// Texts that nobody has answered, for a connection that is over.
    pub fn unanswered(&self) -> impl Iterator<Item = u32> {
        let waiting = self.waiting.iter().map(|waiting| waiting.number);
        waiting.filter(|number| *number > 0)
    }

    fn frame(&mut self, raw: &[u8], now: Now, out: &mut Vec<Effect>) {
        if !self.bucket.take(now.mono_ms) {
            self.bad("too-often", out);
            return;
        }
        let mut room = core::mem::take(&mut self.room);
        match decode_frame(raw, &mut room) {
            Ok(frame) => self.decoded(raw, &frame, now, out),
            Err(fault) => self.broken(raw, fault, out),
        }
        self.room = room;
    }

    fn decoded(&mut self, raw: &[u8], frame: &Frame<'_>, now: Now, out: &mut Vec<Effect>) {
        out.push(Effect::Frame);
        let header = &frame.header;
        if let Some(on) = &self.signed_on
            && on.phone != header.phone
        {
            // Nobody speaks for another terminal.
            self.bad("foreign-number", out);
            return;
        }
        let may = matches!(header.id, id::REGISTER | id::AUTHENTICATE);
        if self.signed_on.is_none() && !may {
            self.version = header.version;
            self.answer(header, AckResult::Failed, out);
            self.bad("not-signed-on", out);
            return;
        }
        self.heard_ms = now.mono_ms;
        self.version = header.version;
        let Some(part) = header.part else {
            match decode_body(header, frame.body) {
                Ok(message) => self.message(header, message, out),
                Err(fault) => {
                    self.answer(header, AckResult::Wrong, out);
                    self.broken(raw, frame.located(raw, fault), out);
                }
            }
            return;
        };
        // Parts are only taken once somebody has signed on: they cost memory.
        if self.signed_on.is_none() {
            self.bad("not-signed-on", out);
            return;
        }
        match self.assembler.take(header, part, frame.body, now.mono_ms) {
            Ok(None) => self.answer(header, AckResult::Done, out),
            Ok(Some(whole)) => match decode_body(&whole.header, &whole.body) {
                Ok(message) => self.message(&whole.header, message, out),
                Err(fault) => {
                    self.answer(&whole.header, AckResult::Wrong, out);
                    self.broken(raw, fault, out);
                }
            },
            Err(fault) => {
                self.answer(header, AckResult::Wrong, out);
                self.broken(raw, frame.located(raw, fault), out);
            }
        }
    }

    fn message(&mut self, header: &Header, message: Message, out: &mut Vec<Effect>) {
        let mut result = AckResult::Done;
        match message {
            Message::Register(register) => {
                self.register(header, &register, out);
                return;
            }
            Message::Authenticate(code) => {
                self.authenticate(header, &code, out);
                return;
            }
            Message::Ack(ack) => {
                self.receipt(ack, out);
                // An answer is not answered.
                return;
            }
            Message::Heartbeat => {}
            Message::Location(location) => out.push(Effect::Report(report_of(&location))),
            Message::Batch { items, .. } => {
                out.push(Effect::History(items.iter().map(report_of).collect()));
            }
            Message::Logout => {
                self.answer(header, AckResult::Done, out);
                self.close("logged-out", out);
                return;
            }
            Message::RegisterAck(..) | Message::Track { .. } | Message::Text { .. } => {
                self.bad("not-a-terminals", out);
                result = AckResult::Wrong;
            }
            Message::Other(_) => {
                out.push(Effect::Refused("unsupported"));
                result = AckResult::Unsupported;
            }
        }
        self.answer(header, result, out);
    }

    fn register(&mut self, header: &Header, register: &Register, out: &mut Vec<Effect>) {
        let listed = self.book.vehicle(header.phone);
        let plate = plain(&register.plate);
        let answer = match listed {
            None => Registered::NoTerminal,
            // A terminal that names another plate sits in another vehicle; one that names none does
            // not know whose it is.
            Some(listed) if !listed.plate.is_empty() && plate != listed.plate => {
                Registered::NoVehicle
            }
            Some(_) => Registered::Done(self.book.code(header.phone)),
        };
        let refused = match &answer {
            Registered::Done(_) => None,
            Registered::NoTerminal => Some("unknown-terminal"),
            _ => Some("plate-differs"),
        };
        self.send(
            header.phone,
            &Message::RegisterAck(header.serial, answer),
            out,
        );
        if let Some(reason) = refused {
            self.bad(reason, out);
        }
    }

    fn authenticate(&mut self, header: &Header, code: &str, out: &mut Vec<Effect>) {
        let listed = self.book.vehicle(header.phone);
        let Some(listed) = listed.filter(|_| self.book.fits(header.phone, code)) else {
            self.answer(header, AckResult::Failed, out);
            self.bad("wrong-code", out);
            // One guess a connection.
            self.close("wrong-code", out);
            return;
        };
        let vehicle = listed.id.clone();
        self.answer(header, AckResult::Done, out);
        self.signed_on = Some(SignedOn {
            phone: header.phone,
            vehicle: vehicle.clone(),
        });
        out.push(Effect::SignedOn(vehicle));
    }

    fn receipt(&mut self, ack: Ack, out: &mut Vec<Effect>) {
        let known = self
            .waiting
            .iter()
            .position(|waiting| waiting.serial == ack.serial);
        let Some(at) = known else {
            out.push(Effect::Refused("answer-to-nothing"));
            return;
        };
        let waiting = self.waiting.remove(at);
        out.push(Effect::Receipt {
            of: waiting.of,
            result: match ack.result {
                AckResult::Done | AckResult::AlarmTaken => "done",
                AckResult::Failed => "failed",
                AckResult::Wrong => "wrong",
                AckResult::Unsupported => "unsupported",
            },
            number: waiting.number,
        });
    }

    fn answer(&mut self, header: &Header, result: AckResult, out: &mut Vec<Effect>) {
        let ack = Ack {
            serial: header.serial,
            id: header.id,
            result,
        };
        self.send(header.phone, &Message::Ack(ack), out);
    }

    /// Sends a message and tells its serial number.
    fn send(&mut self, phone: Phone, message: &Message, out: &mut Vec<Effect>) -> u16 {
        let serial = self.serial;
        self.serial = self.serial.wrapping_add(1);
        let header = Header {
            id: message.id(false),
            version: self.version,
            phone,
            serial,
            part: None,
        };
        let mut raw = Vec::new();
        if encode_frame(&header, &message.body(self.version), &mut raw).is_some() {
            out.push(Effect::Send(raw));
        }
        serial
    }

    fn broken(&mut self, raw: &[u8], fault: Fault, out: &mut Vec<Effect>) {
        out.push(Effect::Broken(raw.to_vec(), fault));
        self.count_bad(out);
    }

    fn bad(&mut self, reason: &'static str, out: &mut Vec<Effect>) {
        out.push(Effect::Refused(reason));
        self.count_bad(out);
    }

    fn count_bad(&mut self, out: &mut Vec<Effect>) {
        self.bad = self.bad.saturating_add(1);
        if self.bad >= BAD_MAX {
            self.close("too-many-bad", out);
        }
    }

    fn close(&mut self, why: &'static str, out: &mut Vec<Effect>) {
        if !self.over {
            self.over = true;
            out.push(Effect::Close(why));
        }
    }
}

/// A terminal's position as all feeds report one.
#[must_use]
pub fn report_of(location: &Location) -> Report {
    Report {
        t_ms: location.time_ms,
        lat_deg: location.lat_deg(),
        lon_deg: location.lon_deg(),
        speed_mps: Some(location.speed_mps()),
        heading_deg: Some(f64::from(location.heading_deg % 360)),
        valid: location.located(),
        satellites: location.satellites(),
        source: Source::Jt808,
    }
}

#[cfg(test)]
mod tests;
