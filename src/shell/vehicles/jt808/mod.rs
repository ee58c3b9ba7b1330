//! JT/T 808-2013 and -2019: frames to messages and back, without any input or output.
//!
//! A frame stands between two bytes 0x7e; 0x7e and 0x7d inside are escaped. Header, body and a
//! checksum follow: see [`frame`]. What a body says is in [`message`]. Numbers are big-endian.
//! Texts are GBK, or UTF-8 where a terminal speaks that.

mod assemble;
mod bytes;
pub mod frame;
mod location;
pub mod message;
mod phone;
mod splitter;
mod text;
mod time;

pub use assemble::{Assembler, Whole};
pub use frame::{Frame, Header, Part, Version, decode_frame, encode_frame};
pub use location::{Extra, Location};
pub use message::{Message, decode_body};
pub use phone::Phone;
pub use splitter::Splitter;
pub use time::{bcd_time, unix_ms};

use serde_json::{Value, json};

use super::fault::Fault;

/// One frame as a JSON object: header and message.
///
/// # Errors
/// Where the frame is broken.
pub fn frame_json(raw: &[u8]) -> Result<Value, Fault> {
    let mut room = Vec::new();
    let frame = decode_frame(raw, &mut room)?;
    let header = &frame.header;
    let message = if header.part.is_some() {
        Value::Null
    } else {
        let message = decode_body(header, frame.body).map_err(|fault| frame.located(raw, fault))?;
        message.json()
    };
    let mut object = json!({
        "id": format!("{:#06x}", header.id),
        "name": message::name_of(header.id),
        "version": header.version.word(),
        "phone": header.phone.to_string(),
        "serial": header.serial,
        "body_bytes": frame.body.len(),
        "message": message,
    });
    if let (Some(part), Some(map)) = (header.part, object.as_object_mut()) {
        map.insert(
            "part".to_owned(),
            json!({ "index": part.index, "total": part.total }),
        );
        map.insert("body_hex".to_owned(), Value::String(hex(frame.body)));
    }
    Ok(object)
}

/// Bytes in hexadecimal, as logs and JSON write them.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
