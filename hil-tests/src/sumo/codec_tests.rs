//! Tests of the codec: what is written is read back, and no cut frame is believed.

use super::*;

fn sealed(write: impl FnOnce(&mut Message)) -> Vec<u8> {
    let (mut message, mut wire) = (Message::default(), Vec::new());
    write(&mut message);
    message.seal_into(&mut wire);
    assert!(message.is_empty());
    wire
}

/// An answer as SUMO sends it to a subscription of a vehicle.
fn subscription() -> Vec<u8> {
    let wire = sealed(|message| {
        message.command(0xe4, |body| {
            body.text("car");
            body.byte(3);
            for (variable, status) in [(0x51, 0), (0x40, 0), (0x56, 0xff)] {
                body.byte(variable);
                body.byte(status);
                if variable == 0x40 {
                    body.byte(kind::DOUBLE);
                    body.double(13.5);
                } else {
                    body.byte(kind::TEXT);
                    body.text("street_0");
                }
            }
        });
    });
    wire[4..].to_vec()
}

#[test]
fn a_message_tells_its_own_length() {
    let wire = sealed(|message| message.command(0x02, |body| body.double(0.0)));
    assert_eq!(wire.len(), 4 + 6 + 8);
    assert_eq!(wire[..4], 18_i32.to_be_bytes());
    let (id, mut body) = Reader::new(&wire[4..]).command().unwrap();
    assert_eq!((id, body.double()), (0x02, Ok(0.0)));
    assert!(body.is_empty());
}

#[test]
fn the_short_form_of_a_length_is_read_too() {
    let (id, mut body) = Reader::new(&[3, 0x7f, 9]).command().unwrap();
    assert_eq!((id, body.byte()), (0x7f, Ok(9)));
}

#[test]
fn a_subscription_tells_what_it_can() {
    let bytes = subscription();
    let mut seen = Vec::new();
    let answer = read_subscription(&mut Reader::new(&bytes), &mut |_, told| {
        seen.push((told.object.to_owned(), told.variable, told.value.clone()));
        Ok(())
    });
    assert_eq!(answer, Ok(0xe4));
    let lane = ("car".to_owned(), 0x51, Value::Text("street_0"));
    let speed = ("car".to_owned(), 0x40, Value::Double(13.5));
    assert_eq!(seen, vec![lane, speed]);
}

#[test]
fn no_cut_frame_is_believed() {
    let bytes = subscription();
    for cut in 0..bytes.len() {
        let read = read_subscription(&mut Reader::new(&bytes[..cut]), &mut |_, _| Ok(()));
        assert!(read.is_err(), "cut after {cut} bytes");
    }
}

#[test]
fn nor_one_with_any_byte_changed_a_reason_to_panic() {
    let bytes = subscription();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            let mut reader = Reader::new(&changed);
            let _whatever = read_subscription(&mut reader, &mut |_, _| Ok(()));
        }
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let wire = sealed(|message| {
        message.command(0xc2, |body| {
            body.byte(0xff);
            body.text("no such light");
        });
    });
    let status = Status::read(&mut Reader::new(&wire[4..]), 0xc2).unwrap();
    assert!(!status.done);
    assert_eq!(status.why, "no such light");
    let other = Status::read(&mut Reader::new(&wire[4..]), 0xa4);
    let (wanted, found) = (0xa4, 0xc2);
    assert_eq!(other, Err(CodecError::OutOfStep { wanted, found }));
}

#[test]
fn a_list_longer_than_its_message_is_refused() {
    let bytes = [kind::TEXTS, 0x7f, 0xff, 0xff, 0xff];
    assert!(Reader::new(&bytes).value().is_err());
    let negative = [kind::TEXT, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(
        Reader::new(&negative).value(),
        Err(CodecError::BadLength(-1))
    );
}
