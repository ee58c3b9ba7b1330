//! Frames that nobody should send, by the million: every one is taken or refused with a place inside
//! it, and nothing panics.
//!
//! A third is random bytes, a third are good frames with bytes flipped, cut, doubled or put in, and a
//! third are such frames whose checksum was mended, so that what is behind the checksum is reached
//! too. What is taken must be the same when it is written and read again.

use std::collections::BTreeMap;
use std::time::Instant;

use greenwave::shell::vehicles::fault::Fault;
use greenwave::shell::vehicles::jt808::message::{Ack, AckResult, Register, Registered};
use greenwave::shell::vehicles::jt808::{
    Extra, Header, Location, Message, Phone, Splitter, Version, decode_body, decode_frame,
    encode_frame,
};
use greenwave::shell::vehicles::nmea::{checksum, parse};
use serde_json::json;

use crate::tools::say;

/// Longest random frame.
const LONG: u64 = 300;

pub(crate) fn judge(count: u64, seed: u64) -> Result<(), String> {
    let began = Instant::now();
    let mut dice = Dice(seed);
    let frames = good_frames();
    let mut tally = Tally::default();
    for number in 0..count {
        if number % 4 == 3 {
            sentence(&mut dice, &mut tally)?;
        } else {
            frame(&mut dice, &frames, &mut tally)?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    say(&json!({
        "count": count,
        "seed": seed,
        "panics": 0,
        "frames_taken": tally.frames,
        "sentences_taken": tally.sentences,
        "refused": tally.refused,
        "frames_out_of_streams": tally.split,
        "written_and_read_again": tally.again,
        "seconds": seconds,
    })
    .to_string());
    Ok(())
}

#[derive(Default)]
struct Tally {
    frames: u64,
    sentences: u64,
    split: u64,
    again: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn refused(&mut self, fault: &Fault, raw: &[u8]) -> Result<(), String> {
        if fault.at > raw.len() {
            return Err(format!("a fault beyond the frame: {fault} in {raw:02x?}"));
        }
        *self.refused.entry(fault.kind.word()).or_default() += 1;
        Ok(())
    }
}

fn frame(dice: &mut Dice, frames: &[Vec<u8>], tally: &mut Tally) -> Result<(), String> {
    let raw = match dice.below(3) {
        0 => {
            let mut raw = vec![0x7e];
            raw.extend((0..dice.below(LONG)).map(|_| dice.byte()));
            raw.push(0x7e);
            raw
        }
        1 => dice.mutated(frames),
        _ => mended(&dice.mutated(frames)),
    };
    // As a stream: whatever the pieces are.
    let mut splitter = Splitter::default();
    for byte in &raw {
        tally.split += u64::from(splitter.take(*byte));
    }
    let mut room = Vec::new();
    let frame = match decode_frame(&raw, &mut room) {
        Ok(frame) => frame,
        Err(fault) => return tally.refused(&fault, &raw),
    };
    match decode_body(&frame.header, frame.body) {
        Ok(message) => {
            tally.frames += 1;
            let same_id =
                message.id(true) == frame.header.id || message.id(false) == frame.header.id;
            if !same_id || has_foreign_letters(&message) {
                return Ok(());
            }
            let body = message.body(frame.header.version);
            if decode_body(&frame.header, &body).as_ref() != Ok(&message) {
                return Err(format!(
                    "read, written and read again it differs: {raw:02x?}"
                ));
            }
            tally.again += 1;
            Ok(())
        }
        Err(fault) => tally.refused(&frame.located(&raw, fault), &raw),
    }
}

/// Bytes that are no letters are shown as such and cannot be written again.
fn has_foreign_letters(message: &Message) -> bool {
    format!("{message:?}").contains(char::REPLACEMENT_CHARACTER)
        // Private letters of GBK are read and not written.
        || format!("{message:?}").contains("\\u{e")
        // A register of before 2013 is written in the form of 2013, and short fields are filled up.
        || matches!(message, Message::Register(_) | Message::Authenticate(_) | Message::RegisterAck(..))
        || matches!(message, Message::Text { .. } | Message::Other(_))
}

fn sentence(dice: &mut Dice, tally: &mut Tally) -> Result<(), String> {
    let good = [
        "GNRMC,123519.00,A,3241.5000,N,10901.2000,E,022.4,084.4,230326,003.1,W,A",
        "BDGGA,123519,3241.5000,N,10901.2000,E,1,08,0.9,545.4,M,46.9,M,,",
        "GPVTG,054.7,T,034.4,M,005.5,N,010.2,K,A",
    ];
    let mut inner = good[dice.index(good.len())].as_bytes().to_vec();
    for _ in 0..dice.below(4) {
        dice.spoil(&mut inner);
    }
    let mut line = vec![b'$'];
    let sum = checksum(&inner);
    line.extend(&inner);
    line.extend(format!("*{sum:02X}").as_bytes());
    if dice.below(4) == 0 {
        dice.spoil(&mut line);
    }
    match parse(&line) {
        Ok(_) => {
            tally.sentences += 1;
            Ok(())
        }
        Err(fault) => tally.refused(&fault, &line),
    }
}

/// The same content with a checksum and a length that fit.
fn mended(raw: &[u8]) -> Vec<u8> {
    let inner: Vec<u8> = raw
        .iter()
        .copied()
        .filter(|byte| *byte != 0x7e && *byte != 0x7d)
        .collect();
    let mut content = inner;
    content.pop();
    let version = content.get(2).copied().unwrap_or_default() & 0x40;
    let head: usize = if version == 0 { 12 } else { 17 };
    if let Some(body) = content.len().checked_sub(head)
        && body < 1024
        && let [_, _, high, low, ..] = content.as_mut_slice()
    {
        let length = u16::try_from(body).unwrap_or_default();
        *high = version | u8::try_from(length >> 8).unwrap_or_default();
        *low = u8::try_from(length & 0xff).unwrap_or_default();
    }
    content.push(content.iter().fold(0, |sum, byte| sum ^ byte));
    let mut out = vec![0x7e];
    for byte in content {
        match byte {
            0x7e => out.extend([0x7d, 2]),
            0x7d => out.extend([0x7d, 1]),
            other => out.push(other),
        }
    }
    out.push(0x7e);
    out
}

fn good_frames() -> Vec<Vec<u8>> {
    let mut here = Location::at((32.69, 109.02), 13.9, 87.0, 1_795_680_000_000);
    here.extras = vec![
        Extra::OdometerHm(12_345),
        Extra::FuelDl(400),
        Extra::Radio(22),
        Extra::Satellites(11),
        Extra::Other(0xe3, "0102".to_owned()),
    ];
    let messages = [
        Message::Location(here.clone()),
        Message::Batch {
            resent: true,
            items: vec![here; 5],
        },
        Message::Heartbeat,
        Message::Logout,
        Message::Authenticate("a1b2c3d4e5f60718".to_owned()),
        Message::Ack(Ack {
            serial: 7,
            id: 0x8300,
            result: AckResult::Done,
        }),
        Message::Register(Register {
            province: 61,
            city: 900,
            maker: "MAKER".to_owned(),
            model: "TYPE".to_owned(),
            device: "0000001".to_owned(),
            plate_colour: 2,
            plate: "陕GA120".to_owned(),
        }),
        Message::RegisterAck(3, Registered::Done("a1b2c3d4".to_owned())),
        Message::Track {
            every_s: 1,
            for_s: 600,
        },
        Message::Text {
            urgent: true,
            text: "绿波已开启".to_owned(),
        },
    ];
    let mut frames = Vec::new();
    for version in [Version::V2013, Version::V2019] {
        for message in &messages {
            for from_terminal in [true, false] {
                let header = Header {
                    id: message.id(from_terminal),
                    version,
                    phone: Phone::from_digits("13900000120").unwrap_or_default(),
                    serial: 1,
                    part: None,
                };
                let mut raw = Vec::new();
                if encode_frame(&header, &message.body(version), &mut raw).is_some() {
                    frames.push(raw);
                }
            }
        }
    }
    frames
}

/// Repeatable chance: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count.max(1)
    }

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(u64::try_from(count).unwrap_or(1))).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn mutated(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut raw = frames
            .get(self.index(frames.len()))
            .cloned()
            .unwrap_or_default();
        for _ in 0..=self.below(4) {
            self.spoil(&mut raw);
        }
        raw
    }

    /// One slip: a flipped bit, another byte, one put in, one taken out, a cut, a piece doubled.
    fn spoil(&mut self, raw: &mut Vec<u8>) {
        if raw.is_empty() {
            return;
        }
        let at = self.index(raw.len());
        match self.below(6) {
            0 => raw[at] ^= 1 << self.below(8),
            1 => raw[at] = self.byte(),
            2 => raw.insert(at, self.byte()),
            3 => {
                raw.remove(at);
            }
            4 => raw.truncate(at),
            _ => {
                let piece: Vec<u8> = raw.iter().skip(at).take(20).copied().collect();
                raw.splice(at..at, piece);
            }
        }
    }
}
