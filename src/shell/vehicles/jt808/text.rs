//! Texts on the wire: GBK, cut at the first zero byte.

use encoding_rs::GBK;

/// The text of bytes; what is not GBK becomes U+FFFD.
pub(super) fn read(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = end.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}

/// The bytes of a text; what GBK cannot write becomes a question mark.
pub(super) fn write(text: &str) -> Vec<u8> {
    let clean: String = text
        .chars()
        .map(|letter| {
            let mut one = [0; 4];
            let (_, _, lost) = GBK.encode(letter.encode_utf8(&mut one));
            if lost || letter == '\0' { '?' } else { letter }
        })
        .collect();
    GBK.encode(&clean).0.into_owned()
}

/// The same in a field of `size` bytes, filled up with zeros; a letter that does not fit whole is
/// left out.
pub(super) fn write_padded(text: &str, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    for letter in text.chars() {
        let one = write(letter.encode_utf8(&mut [0; 4]));
        if bytes.len() + one.len() > size {
            break;
        }
        bytes.extend(one);
    }
    bytes.resize(size, 0);
    bytes
}
