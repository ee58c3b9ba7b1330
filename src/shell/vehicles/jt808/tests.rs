//! Published frames of makers and libraries, and every way a frame can be broken.

use super::message::{Ack, AckResult, Register, Registered, id};
use super::*;
use crate::shell::vehicles::fault::FaultKind;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn message(hex: &str) -> (Header, Message) {
    let raw = bytes(hex);
    let mut room = Vec::new();
    let frame = decode_frame(&raw, &mut room).unwrap();
    let message = decode_body(&frame.header, frame.body).unwrap();
    (frame.header, message)
}

fn fault(hex: &str) -> Fault {
    frame_json(&bytes(hex)).unwrap_err()
}

/// A maker's example of a report with additional items, two of them its own.
const LOCATION_2013: &str = "7E 02 00 00 52 00 20 02 60 43 23 00 A4 00 02 00 00 00 0C 00 02 01 58 B9 1B \
    06 CB 70 61 00 46 00 00 00 59 21 09 22 16 37 58 01 04 00 00 00 01 03 02 00 00 25 04 00 00 00 01 \
    30 01 11 31 01 10 E3 01 00 D5 1B 02 20 02 60 43 23 27 95 93 78 61 60 00 12 20 00 00 12 34 27 95 \
    93 78 61 58 00 12 86 7E";

#[test]
fn a_published_report_of_2013_is_read() {
    let (header, message) = message(LOCATION_2013);
    assert_eq!(header.version, Version::V2013);
    assert_eq!(header.phone.to_string(), "2002604323");
    assert_eq!(header.serial, 0xa4);
    let Message::Location(seen) = message else {
        panic!("{message:?}")
    };
    assert!(seen.located());
    assert_eq!((seen.lat_udeg, seen.lon_udeg), (22_591_771, 113_995_873));
    assert_eq!(
        (seen.altitude_m, seen.speed_dkmh, seen.heading_deg),
        (70, 0, 89)
    );
    let at: jiff::Timestamp = "2021-09-22T16:37:58+08:00".parse().unwrap();
    assert_eq!(seen.time_ms, at.as_millisecond());
    assert_eq!(seen.satellites(), Some(16));
    assert_eq!(seen.extras.len(), 7);
    assert_eq!(seen.extras[0], Extra::OdometerHm(1));
    assert_eq!(seen.extras[3], Extra::Radio(17));
}

#[test]
fn a_published_authentication_and_answer_of_2013_are_read() {
    let (header, code) = message(
        "7E 01 02 00 0D 00 20 02 60 43 25 00 01 38 33 30 30 32 30 30 32 36 30 34 33 32 13 7E",
    );
    assert_eq!(header.id, id::AUTHENTICATE);
    assert_eq!(code, Message::Authenticate("8300200260432".to_owned()));
    let (_, answer) = message("7E 80 01 00 05 00 20 02 60 43 23 00 09 00 EE 02 00 00 43 7E");
    let expected = Ack {
        serial: 0xee,
        id: id::LOCATION,
        result: AckResult::Done,
    };
    assert_eq!(answer, Message::Ack(expected));
}

#[test]
fn a_published_registration_of_2013_is_read() {
    let (_, message) = message(
        "7E 01 00 00 2D 01 91 72 78 56 20 00 0A 00 22 04 4E 37 30 34 34 34 43 30 30 33 46 5F 4F 50 \
         45 4E 5F 4A 54 38 30 38 00 00 00 00 32 37 38 35 36 32 30 02 D4 C1 42 32 37 31 39 31 C8 7E",
    );
    let Message::Register(register) = message else {
        panic!("{message:?}")
    };
    assert_eq!((register.province, register.city), (0x22, 0x044e));
    assert_eq!(register.device, "2785620");
    assert_eq!(
        (register.plate_colour, register.plate.as_str()),
        (2, "粤B27191")
    );
}

#[test]
fn published_frames_of_2019_are_read() {
    let (header, report) = message(
        "7e02004026010000000001391234432900000000006f0000001601dc9a0707456246007b00420003250129223344\
         0202006401040000000c417e",
    );
    assert_eq!((header.version, header.serial), (Version::V2019, 0));
    assert_eq!(header.phone.to_string(), "13912344329");
    let Message::Location(seen) = report else {
        panic!("{report:?}")
    };
    assert_eq!((seen.alarm, seen.status), (111, 22));
    // Bit 2 of the status says south.
    assert_eq!((seen.lat_udeg, seen.lon_udeg), (-31_234_567, 121_987_654));
    assert_eq!(seen.extras, [Extra::FuelDl(100), Extra::OdometerHm(12)]);
    let (_, batch) = message(
        "7e0704403f01000000000139123443290000000200001c000000010000000101d907f2073d336c029a0021005924\
         1029213903001c000000010000000101d907f3073d336d03090043005a241029213903f87e",
    );
    let Message::Batch { resent, items } = batch else {
        panic!("{batch:?}")
    };
    assert!(!resent);
    assert_eq!(items.len(), 2);
    assert_eq!(
        (
            items[1].altitude_m,
            items[1].speed_dkmh,
            items[1].heading_deg
        ),
        (777, 67, 90)
    );
    assert!(!items[0].located());
}

#[test]
fn our_orders_stand_as_the_tables_say() {
    let phone = Phone::from_digits("13900000120").unwrap();
    let frame = |version, message: &Message| {
        let header = Header {
            id: message.id(false),
            version,
            phone,
            serial: 2,
            part: None,
        };
        let mut out = Vec::new();
        encode_frame(&header, &message.body(version), &mut out).unwrap();
        hex(&out)
    };
    let track = Message::Track {
        every_s: 1,
        for_s: 1200,
    };
    // 82 02, length 6, six bytes of number, serial 2, one second, 1200 seconds, checksum.
    assert_eq!(
        frame(Version::V2013, &track),
        "7e8202000601390000012000020001000004b0287e"
    );
    let text = Message::Text {
        urgent: true,
        text: "绿波".to_owned(),
    };
    assert_eq!(hex(&text.body(Version::V2013)), "0dc2ccb2a8");
    assert_eq!(hex(&text.body(Version::V2019)), "0e01c2ccb2a8");
    let stop = Message::Track {
        every_s: 0,
        for_s: 0,
    };
    assert_eq!(hex(&stop.body(Version::V2013)), "0000");
    let done = Message::RegisterAck(7, Registered::Done("a1".to_owned()));
    assert_eq!(hex(&done.body(Version::V2013)), "0007006131");
}

#[test]
fn a_registration_of_2019_has_the_longer_fields() {
    let register = Register {
        province: 61,
        city: 902,
        maker: "GW".to_owned(),
        model: "SIM".to_owned(),
        device: "D1".to_owned(),
        plate_colour: 2,
        plate: "陕GA120".to_owned(),
    };
    let body = Message::Register(register.clone()).body(Version::V2019);
    assert_eq!(body.len(), 76 + 7);
    let header = Header {
        id: id::REGISTER,
        version: Version::V2019,
        phone: Phone::default(),
        serial: 0,
        part: None,
    };
    assert_eq!(
        decode_body(&header, &body).unwrap(),
        Message::Register(register)
    );
}

#[test]
fn a_broken_frame_is_told_where_and_what() {
    let whole = bytes(LOCATION_2013);
    let told = |raw: &[u8]| frame_json(raw).unwrap_err();
    assert_eq!(told(&[]).kind, FaultKind::Mark);
    assert_eq!(told(&whole[1..]).kind, FaultKind::Mark);
    let no_end = told(&whole[..whole.len() - 1]);
    assert_eq!((no_end.kind, no_end.at), (FaultKind::Mark, whole.len() - 2));
    let mut flipped = whole.clone();
    flipped[20] ^= 4;
    let sum = told(&flipped);
    assert_eq!((sum.kind, sum.at), (FaultKind::Checksum, whole.len() - 2));
    assert_eq!(
        sum.to_string(),
        "byte 95 (checksum): expected 0x82, the exclusive or of header and body, found 0x86"
    );
    assert_eq!(
        fault("7E 00 7D 03 00 7E").to_string(),
        "byte 3 (escape): expected 0x01 or 0x02 after 0x7d, found 0x03"
    );
    assert_eq!(fault("7E 00 7D 7E").kind, FaultKind::Escape);
    assert_eq!(fault("7E 00 02 7E 00 7E").kind, FaultKind::Mark);
    assert_eq!(fault("7E 7E").kind, FaultKind::Length);
}

/// A frame with a header of 2013 and a right checksum.
fn framed(content: &str) -> Vec<u8> {
    let content = bytes(content);
    let sum = content.iter().fold(0, |sum, byte| sum ^ byte);
    [&[0x7e][..], &content, &[sum, 0x7e]].concat()
}

#[test]
fn a_wrong_header_or_field_is_told_by_its_byte() {
    let told = |content: &str| {
        let fault = frame_json(&framed(content)).unwrap_err();
        (fault.kind, fault.at, fault.what)
    };
    let head = "0139 0000 0120 0001";
    assert_eq!(
        told(&format!("0002 0001 {head}")),
        (FaultKind::Length, 3, "properties")
    );
    assert_eq!(
        told(&format!("0002 0400 {head}")),
        (FaultKind::Encrypted, 3, "properties")
    );
    assert_eq!(
        told("0002 0000 01A9 0000 0120 0001"),
        (FaultKind::Header, 6, "terminal phone")
    );
    assert_eq!(
        told(&format!("0002 2000 {head} 0003 0004")),
        (FaultKind::Part, 13, "number of parts")
    );
    assert_eq!(
        told(&format!("0002 2000 {head} FFFF 0004")),
        (FaultKind::Part, 13, "number of parts")
    );
    assert_eq!(
        told(&format!("0200 0002 {head} 0000")),
        (FaultKind::Length, 15, "location")
    );
    let at = |time: &str, lat: &str| {
        format!("0200 001C {head} 00000000 00000002 {lat} 073D336C 0000 0000 0000 {time}")
    };
    assert!(frame_json(&framed(&at("261127080000", "01D907F2"))).is_ok());
    assert_eq!(
        told(&at("261127080000", "05D907F2")),
        (FaultKind::Field, 21, "latitude")
    );
    assert_eq!(
        told(&at("261327080000", "01D907F2")),
        (FaultKind::Field, 35, "time")
    );
    assert_eq!(
        told(&at("2611270800AA", "01D907F2")),
        (FaultKind::Field, 35, "time")
    );
    let extra = "0200 001E 0139 0000 0120 0001 00000000 00000002 01D907F2 073D336C 0000 0000 0000 261127080000 3105";
    assert_eq!(told(extra), (FaultKind::Length, 43, "item"));
}

#[test]
fn parts_come_in_any_order_and_within_bounds() {
    let mut assembler = Assembler::default();
    let part = |index, serial| Header {
        id: id::BATCH,
        version: Version::V2013,
        phone: Phone::default(),
        serial,
        part: Some(Part { total: 3, index }),
    };
    let mut take = |index: u16, serial: u16, now| {
        let header = part(index, serial);
        assembler.take(
            &header,
            header.part.unwrap(),
            &[u8::try_from(index).unwrap()],
            now,
        )
    };
    // The serial numbers wrap in the middle of the message.
    assert_eq!(take(3, 1, 0), Ok(None));
    assert_eq!(take(1, 0xffff, 0), Ok(None));
    assert_eq!(
        take(1, 0xffff, 0),
        Ok(None),
        "a repeated part changes nothing"
    );
    let whole = take(2, 0, 1).unwrap().unwrap();
    assert_eq!(
        (whole.body.as_slice(), whole.header.serial),
        (&[1, 2, 3][..], 0xffff)
    );
    assert_eq!(take(1, 10, 0), Ok(None));
    assert_eq!(take(2, 11, 60_001), Ok(None), "the first part was given up");
    assert_eq!(take(3, 12, 60_002), Ok(None));
}

#[test]
fn a_part_that_contradicts_the_others_is_refused() {
    let mut assembler = Assembler::default();
    let mut header = Header {
        id: id::BATCH,
        version: Version::V2013,
        phone: Phone::default(),
        serial: 5,
        part: None,
    };
    let first = Part { total: 3, index: 1 };
    assert_eq!(assembler.take(&header, first, &[1], 0), Ok(None));
    header.serial = 6;
    let second = Part { total: 2, index: 2 };
    assert_eq!(
        assembler.take(&header, second, &[2], 0).unwrap_err().kind,
        FaultKind::Part
    );
}

#[test]
fn a_stream_is_split_whatever_its_pieces() {
    let mut stream = vec![1, 2, 3];
    stream.extend(bytes(LOCATION_2013));
    // The next frame shares the mark.
    stream.extend(bytes(LOCATION_2013).into_iter().skip(1));
    stream.extend(bytes(LOCATION_2013));
    let mut splitter = Splitter::default();
    let mut frames = Vec::new();
    for byte in stream {
        if splitter.take(byte) {
            frames.push(splitter.frame().to_vec());
        }
    }
    assert_eq!(frames, vec![bytes(LOCATION_2013); 3]);
    assert_eq!(splitter.noise(), 3);
    assert!(!splitter.take(0x7e));
    for _ in 0..10_000 {
        splitter.take(0);
    }
    assert_eq!(splitter.oversize(), 1);
}

#[test]
fn a_number_keeps_its_identity_from_one_version_to_the_other() {
    let short = Phone::from_packed(&bytes("013900000120"), 0).unwrap();
    let long = Phone::from_packed(&bytes("00000000013900000120"), 0).unwrap();
    assert_eq!(short, long);
    assert_eq!(Phone::from_digits("13900000120"), Some(short));
    assert_eq!(Phone::from_digits("013900000120"), Some(short));
    for bad in ["", "0", "1390000A120", "123456789012345678901"] {
        assert_eq!(Phone::from_digits(bad), None, "{bad}");
    }
}
