//! A terminal's life, and what it may not do.

use super::*;
use crate::shell::store::demo_city_files;

const NOW: Now = Now {
    mono_ms: 1_000_000,
    unix_ms: 1_795_680_000_000,
};

fn later(seconds: u64) -> Now {
    Now {
        mono_ms: NOW.mono_ms + seconds * 1000,
        unix_ms: NOW.unix_ms + i64::try_from(seconds).unwrap() * 1000,
    }
}

fn book() -> Arc<Book> {
    let city = crate::plan::load_city(&demo_city_files().into_iter().collect()).unwrap();
    Arc::new(Book::new(&city, [7; 32]))
}

struct Terminal {
    session: Session,
    phone: Phone,
    version: Version,
    serial: u16,
    book: Arc<Book>,
}

impl Terminal {
    fn new(phone: &str, version: Version) -> Self {
        let book = book();
        Self {
            session: Session::new(Arc::clone(&book), 180_000, NOW),
            phone: Phone::from_digits(phone).unwrap(),
            version,
            serial: 0,
            book,
        }
    }

    fn raw(&mut self, message: &Message) -> Vec<u8> {
        let header = Header {
            id: message.id(true),
            version: self.version,
            phone: self.phone,
            serial: self.serial,
            part: None,
        };
        self.serial = self.serial.wrapping_add(1);
        let mut raw = Vec::new();
        encode_frame(&header, &message.body(self.version), &mut raw).unwrap();
        raw
    }

    fn says(&mut self, message: &Message, now: Now) -> Vec<Effect> {
        let raw = self.raw(message);
        let mut out = Vec::new();
        self.session.bytes(&raw, now, &mut out);
        out
    }

    fn signed_on(phone: &str, version: Version) -> Self {
        let mut terminal = Self::new(phone, version);
        let code = terminal.book.code(terminal.phone);
        let out = terminal.says(&Message::Authenticate(code), NOW);
        assert!(
            out.iter()
                .any(|effect| matches!(effect, Effect::SignedOn(_))),
            "{out:?}"
        );
        terminal
    }
}

fn sent(effects: &[Effect]) -> Vec<Message> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send(raw) => Some(raw),
        _ => None,
    });
    let read = |raw: &Vec<u8>| {
        let mut room = Vec::new();
        let frame = decode_frame(raw, &mut room).unwrap();
        decode_body(&frame.header, frame.body).unwrap()
    };
    frames.map(read).collect()
}

fn refused(effects: &[Effect]) -> Vec<&'static str> {
    let reasons = effects.iter().filter_map(|effect| match effect {
        Effect::Refused(reason) | Effect::Close(reason) => Some(*reason),
        _ => None,
    });
    reasons.collect()
}

fn registration(plate: &str) -> Message {
    Message::Register(Register {
        province: 61,
        city: 900,
        maker: "GW".to_owned(),
        model: "SIM".to_owned(),
        device: "1".to_owned(),
        plate_colour: 2,
        plate: plate.to_owned(),
    })
}

fn location() -> Message {
    Message::Location(Location::at((32.69, 109.02), 12.0, 90.0, NOW.unix_ms))
}

#[test]
fn a_terminal_registers_signs_on_reports_and_leaves() {
    for version in [Version::V2013, Version::V2019] {
        let mut terminal = Terminal::new("13900000001", version);
        let out = terminal.says(&registration("陕GA120"), NOW);
        let [Message::RegisterAck(0, Registered::Done(code))] = &sent(&out)[..] else {
            panic!("{out:?}")
        };
        let out = terminal.says(&Message::Authenticate(code.clone()), NOW);
        assert_eq!(out[2..], [Effect::SignedOn("A120".to_owned())]);
        let out = terminal.says(&location(), NOW);
        assert!(
            matches!(&out[1], Effect::Report(report) if report.valid && report.speed_mps == Some(12.0))
        );
        let ack = Ack {
            serial: 2,
            id: id::LOCATION,
            result: AckResult::Done,
        };
        assert_eq!(sent(&out), [Message::Ack(ack)]);
        assert_eq!(sent(&terminal.says(&Message::Heartbeat, NOW)).len(), 1);
        let out = terminal.says(&Message::Logout, NOW);
        assert_eq!(refused(&out), ["logged-out"]);
    }
}

#[test]
fn a_stranger_gets_no_code_and_a_wrong_code_no_second_guess() {
    let mut stranger = Terminal::new("13911111111", Version::V2013);
    let out = stranger.says(&registration(""), NOW);
    assert_eq!(
        sent(&out),
        [Message::RegisterAck(0, Registered::NoTerminal)]
    );
    assert_eq!(refused(&out), ["unknown-terminal"]);
    let mut moved = Terminal::new("13900000001", Version::V2013);
    let out = moved.says(&registration("陕G·F119"), NOW);
    assert_eq!(sent(&out), [Message::RegisterAck(0, Registered::NoVehicle)]);
    let other = moved.book.code(Phone::from_digits("13900000002").unwrap());
    let out = moved.says(&Message::Authenticate(other), NOW);
    assert_eq!(refused(&out), ["wrong-code", "wrong-code"]);
    assert!(
        moved.says(&location(), NOW).is_empty(),
        "the session is over"
    );
}

#[test]
fn nothing_counts_before_the_code_and_nobody_speaks_for_another() {
    let mut terminal = Terminal::new("13900000001", Version::V2013);
    let out = terminal.says(&location(), NOW);
    assert_eq!(refused(&out), ["not-signed-on"]);
    assert!(!out.iter().any(|effect| matches!(effect, Effect::Report(_))));
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    terminal.phone = Phone::from_digits("13900000002").unwrap();
    let out = terminal.says(&location(), NOW);
    assert_eq!(refused(&out), ["foreign-number"]);
    assert!(!out.iter().any(|effect| matches!(effect, Effect::Report(_))));
}

#[test]
fn a_batch_is_history_and_never_a_position() {
    let mut terminal = Terminal::signed_on("13900000001", Version::V2019);
    let here = Location::at((32.69, 109.02), 12.0, 90.0, NOW.unix_ms);
    let out = terminal.says(
        &Message::Batch {
            resent: true,
            items: vec![here; 20],
        },
        NOW,
    );
    assert!(matches!(&out[1], Effect::History(items) if items.len() == 20));
    assert!(!out.iter().any(|effect| matches!(effect, Effect::Report(_))));
}

#[test]
fn a_batch_in_parts_is_put_together() {
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    let here = Location::at((32.69, 109.02), 12.0, 90.0, NOW.unix_ms);
    let body = Message::Batch {
        resent: false,
        items: vec![here; 60],
    }
    .body(Version::V2013);
    assert!(body.len() > 1023);
    let (mut seen, mut out) = (0, Vec::new());
    for (index, piece) in (1..).zip(body.chunks(700)) {
        let total = u16::try_from(body.len().div_ceil(700)).unwrap();
        let header = Header {
            id: id::BATCH,
            version: Version::V2013,
            phone: terminal.phone,
            serial: 40 + index,
            part: Some(crate::shell::vehicles::jt808::Part { total, index }),
        };
        let mut raw = Vec::new();
        encode_frame(&header, piece, &mut raw).unwrap();
        terminal.session.bytes(&raw, NOW, &mut out);
    }
    for effect in &out {
        if let Effect::History(items) = effect {
            seen += items.len();
        }
    }
    assert_eq!(seen, 60);
    assert_eq!(
        sent(&out).len(),
        body.len().div_ceil(700),
        "every part is answered"
    );
}

#[test]
fn orders_are_sent_and_their_receipts_told() {
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    let mut out = Vec::new();
    let track = Order::Track {
        every_s: 1,
        for_s: 600,
    };
    terminal.session.order(&track, NOW, &mut out);
    let text = Order::Text {
        urgent: true,
        text: "绿波已开启".to_owned(),
        number: 7,
    };
    terminal.session.order(&text, NOW, &mut out);
    let messages = sent(&out);
    assert_eq!(
        messages[0],
        Message::Track {
            every_s: 1,
            for_s: 600
        }
    );
    assert_eq!(
        messages[1],
        Message::Text {
            urgent: true,
            text: "绿波已开启".to_owned()
        }
    );
    // The answer to the sign-on had serial 0, the order 1, the text 2.
    let ack = |serial, result| {
        Message::Ack(Ack {
            serial,
            id: id::TEXT,
            result,
        })
    };
    let out = terminal.says(&ack(2, AckResult::Done), NOW);
    assert_eq!(
        out[1..],
        [Effect::Receipt {
            of: "text",
            result: "done",
            number: 7
        }]
    );
    let out = terminal.says(&ack(2, AckResult::Done), NOW);
    assert_eq!(refused(&out), ["answer-to-nothing"]);
    let mut out = Vec::new();
    terminal.session.tick(later(31), &mut out);
    assert_eq!(
        out,
        [Effect::Receipt {
            of: "temporary-tracking",
            result: "no-answer",
            number: 0
        }]
    );
}

#[test]
fn silence_and_floods_end_a_connection() {
    let mut terminal = Terminal::new("13900000001", Version::V2013);
    let mut out = Vec::new();
    terminal.session.tick(later(14), &mut out);
    assert!(out.is_empty());
    terminal.session.tick(later(15), &mut out);
    assert_eq!(refused(&out), ["not-signed-on"]);
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    let mut out = Vec::new();
    terminal.session.tick(later(180), &mut out);
    assert_eq!(refused(&out), ["idle"]);
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    let mut taken = 0;
    let mut closed = None;
    for _ in 0..200 {
        let out = terminal.says(&location(), NOW);
        taken += usize::from(out.iter().any(|effect| matches!(effect, Effect::Report(_))));
        closed = closed.or(refused(&out)
            .into_iter()
            .find(|reason| *reason == "too-many-bad"));
    }
    assert_eq!((taken, closed), (99, Some("too-many-bad")));
}

#[test]
fn a_broken_frame_costs_one_frame_and_is_told() {
    let mut terminal = Terminal::signed_on("13900000001", Version::V2013);
    let mut raw = terminal.raw(&location());
    raw[20] ^= 1;
    let mut out = Vec::new();
    terminal.session.bytes(&raw, NOW, &mut out);
    assert!(
        matches!(&out[..], [Effect::Broken(_, fault)] if fault.what == "checksum"),
        "{out:?}"
    );
    let out = terminal.says(&location(), NOW);
    assert!(out.iter().any(|effect| matches!(effect, Effect::Report(_))));
}
