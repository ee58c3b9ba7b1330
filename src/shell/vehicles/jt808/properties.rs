//! What holds for every message and for every row of bytes.

use proptest::prelude::*;

use super::message::{Ack, AckResult, Register, Registered};
use super::*;

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V2013), Just(Version::V2019)]
}

fn location() -> impl Strategy<Value = Location> {
    let place = (-90.0..90.0_f64, -180.0..180.0_f64);
    let second = 946_684_800_i64..4_102_444_000;
    (
        place,
        0.0..60.0_f64,
        0.0..360.0_f64,
        second,
        any::<(u32, u16, u8)>(),
    )
        .prop_map(
            |(place, speed_mps, heading_deg, second, (odometer, fuel, satellites))| {
                let mut location = Location::at(place, speed_mps, heading_deg, second * 1000);
                location.extras = vec![
                    Extra::OdometerHm(odometer),
                    Extra::FuelDl(fuel),
                    Extra::Satellites(satellites),
                    Extra::Other(0xe3, "0102".to_owned()),
                ];
                location
            },
        )
}

fn messages() -> impl Strategy<Value = Message> {
    prop_oneof![
        any::<(u16, u16)>().prop_map(|(serial, id)| Message::Ack(Ack {
            serial,
            id,
            result: AckResult::Wrong
        })),
        Just(Message::Heartbeat),
        Just(Message::Logout),
        "[a-z0-9]{1,40}".prop_map(Message::Authenticate),
        "[a-z0-9]{1,40}".prop_map(|code| Message::RegisterAck(9, Registered::Done(code))),
        ("[A-Z]{1,5}", "陕[A-Z][A-Z0-9]{5}").prop_map(|(maker, plate)| Message::Register(
            Register {
                province: 61,
                city: 9,
                model: maker.clone(),
                device: maker.clone(),
                maker,
                plate_colour: 1,
                plate,
            }
        )),
        location().prop_map(Message::Location),
        proptest::collection::vec(location(), 0..8).prop_map(|items| Message::Batch {
            resent: true,
            items
        }),
        (1..600_u16, any::<u32>()).prop_map(|(every_s, for_s)| Message::Track { every_s, for_s }),
        (any::<bool>(), "[a-z绿波路口 ]{0,40}")
            .prop_map(|(urgent, text)| Message::Text { urgent, text }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in messages(), version in version(), serial: u16) {
        let header = Header {
            id: message.id(true),
            version,
            phone: Phone::from_digits("13900000120").unwrap(),
            serial,
            part: None,
        };
        let mut raw = Vec::new();
        encode_frame(&header, &message.body(version), &mut raw).unwrap();
        let inside = &raw[1..raw.len() - 1];
        prop_assert!(!inside.contains(&frame::MARK));
        let mut room = Vec::new();
        let frame = decode_frame(&raw, &mut room).unwrap();
        prop_assert_eq!(&frame.header, &header);
        prop_assert_eq!(decode_body(&frame.header, frame.body).unwrap(), message);
    }

    /// The exclusive or catches every single flipped bit, and what it catches is told inside the frame.
    #[test]
    fn one_flipped_bit_is_always_found(message in messages(), at: prop::sample::Index, bit in 0..8_u32) {
        let header = Header {
            id: message.id(true),
            version: Version::V2013,
            phone: Phone::from_digits("13900000120").unwrap(),
            serial: 1,
            part: None,
        };
        let mut raw = Vec::new();
        encode_frame(&header, &message.body(Version::V2013), &mut raw).unwrap();
        let at = at.index(raw.len());
        raw[at] ^= 1 << bit;
        let fault = frame_json(&raw).unwrap_err();
        prop_assert!(fault.at < raw.len());
    }

    #[test]
    fn any_bytes_are_taken_or_refused(mut content: Vec<u8>, id in prop_oneof![
        Just(0x0200_u16), Just(0x0704), Just(0x0100), Just(0x0102), Just(0x0001), Just(0x8300)
    ], version in version()) {
        let header = Header { id, version, phone: Phone::default(), serial: 0, part: None };
        if let Err(fault) = decode_body(&header, &content) {
            prop_assert!(fault.at <= content.len());
        }
        content.insert(0, frame::MARK);
        content.push(frame::MARK);
        let mut splitter = Splitter::default();
        for byte in &content {
            if splitter.take(*byte) {
                let _taken_or_refused = frame_json(splitter.frame());
            }
        }
    }
}
