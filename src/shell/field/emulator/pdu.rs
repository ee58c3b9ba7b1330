//! The cabinet's own Modbus: request bytes in, answer bytes out, and how long a request is.
//!
//! Written apart from the library the links use, so that the two check each other.

use super::core::CabinetCore;
use super::registers::Exception;

/// Most registers that one read may ask for.
const READ_MAX: u16 = 125;
/// Most bits that one read may ask for.
const BITS_MAX: u16 = 2000;

/// The answer to one request; every request has one.
pub(super) fn answer(core: &mut CabinetCore, now: u64, fc23: bool, request: &[u8]) -> Vec<u8> {
    let Some((function, body)) = request.split_first() else {
        return vec![0x80, Exception::Function as u8];
    };
    core.advance(now);
    let outcome = match function {
        1 => read_bits(body, |at| core.coil(at)),
        2 => read_bits(body, |at| core.discrete(at)),
        3 => read_words(body, |at, count| core.holding_words(at, count)),
        4 => read_words(body, |at, count| core.input_words(at, count)),
        5 => write_coil(core, body),
        6 => write_word(core, now, body),
        15 => write_coils(core, body),
        16 => write_words(core, now, body),
        23 if fc23 => write_and_read(core, now, body),
        _ => Err(Exception::Function),
    };
    match outcome {
        Ok(mut data) => {
            data.insert(0, *function);
            data
        }
        Err(exception) => vec![function | 0x80, exception as u8],
    }
}

impl CabinetCore {
    /// Answers one request as its server would, at `now` on its own clock: function code and data
    /// in, function code and data out.
    #[must_use]
    pub fn answer(&mut self, now: u64, request: &[u8]) -> Vec<u8> {
        answer(self, now, true, request)
    }
}

/// How many bytes the request starting with `head` has (function code included); `None` while
/// too little of it is there to tell, `Some(0)` if it is none that a cabinet knows.
pub(super) fn request_length(head: &[u8]) -> Option<usize> {
    match *head.first()? {
        1..=6 => Some(5),
        15 | 16 => head.get(5).map(|bytes| 6 + usize::from(*bytes)),
        23 => head.get(9).map(|bytes| 10 + usize::from(*bytes)),
        _ => Some(0),
    }
}

fn word(body: &[u8], at: usize) -> Result<u16, Exception> {
    match (body.get(at), body.get(at + 1)) {
        (Some(high), Some(low)) => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(Exception::Value),
    }
}

fn read_words(
    body: &[u8],
    read: impl FnOnce(u16, u16) -> Result<Vec<u16>, Exception>,
) -> Result<Vec<u8>, Exception> {
    let (at, count) = (word(body, 0)?, word(body, 2)?);
    if body.len() != 4 || count == 0 || count > READ_MAX {
        return Err(Exception::Value);
    }
    read(at, count).map(|words| counted(&words))
}

fn counted(words: &[u16]) -> Vec<u8> {
    let mut data = vec![u8::try_from(words.len() * 2).unwrap_or(0)];
    data.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    data
}

fn read_bits(body: &[u8], bit: impl Fn(u16) -> Option<bool>) -> Result<Vec<u8>, Exception> {
    let (at, count) = (word(body, 0)?, word(body, 2)?);
    if body.len() != 4 || count == 0 || count > BITS_MAX {
        return Err(Exception::Value);
    }
    let end = at.checked_add(count).ok_or(Exception::Address)?;
    let bits: Option<Vec<bool>> = (at..end).map(bit).collect();
    let bits = bits.ok_or(Exception::Address)?;
    let mut data = vec![u8::try_from(bits.len().div_ceil(8)).unwrap_or(0)];
    for eight in bits.chunks(8) {
        let byte = eight
            .iter()
            .rev()
            .fold(0, |byte, on| (byte << 1) | u8::from(*on));
        data.push(byte);
    }
    Ok(data)
}

fn write_coil(core: &mut CabinetCore, body: &[u8]) -> Result<Vec<u8>, Exception> {
    let on = match word(body, 2)? {
        0xFF00 => true,
        0 => false,
        _ => return Err(Exception::Value),
    };
    core.write_coil(word(body, 0)?, on)?;
    Ok(body.to_vec())
}

fn write_coils(core: &mut CabinetCore, body: &[u8]) -> Result<Vec<u8>, Exception> {
    let (at, count) = (word(body, 0)?, word(body, 2)?);
    let bytes = body.get(5..).unwrap_or_default();
    let size = usize::from(count).div_ceil(8);
    if count == 0 || bytes.len() != size || body.get(4).copied().map(usize::from) != Some(size) {
        return Err(Exception::Value);
    }
    for offset in 0..count {
        let byte = bytes.get(usize::from(offset / 8)).copied().unwrap_or(0);
        let address = at.checked_add(offset).ok_or(Exception::Address)?;
        core.write_coil(address, byte & (1 << (offset % 8)) != 0)?;
    }
    Ok(body.iter().take(4).copied().collect())
}

fn write_word(core: &mut CabinetCore, now: u64, body: &[u8]) -> Result<Vec<u8>, Exception> {
    core.write_words(now, word(body, 0)?, &[word(body, 2)?])?;
    Ok(body.to_vec())
}

fn write_words(core: &mut CabinetCore, now: u64, body: &[u8]) -> Result<Vec<u8>, Exception> {
    let words = block(body, 2)?;
    core.write_words(now, word(body, 0)?, &words)?;
    Ok(body.iter().take(4).copied().collect())
}

/// The count at `at`, the byte count behind it and the words behind that.
fn block(body: &[u8], at: usize) -> Result<Vec<u16>, Exception> {
    let count = usize::from(word(body, at)?);
    let bytes = body.get(at + 3..).unwrap_or_default();
    let said = body.get(at + 2).copied().map(usize::from);
    if count == 0 || bytes.len() != count * 2 || said != Some(count * 2) {
        return Err(Exception::Value);
    }
    let pairs = bytes.chunks_exact(2);
    Ok(pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect())
}

fn write_and_read(core: &mut CabinetCore, now: u64, body: &[u8]) -> Result<Vec<u8>, Exception> {
    let (read_at, read_count) = (word(body, 0)?, word(body, 2)?);
    let words = block(body, 6)?;
    if read_count == 0 || read_count > READ_MAX {
        return Err(Exception::Value);
    }
    core.write_words(now, word(body, 4)?, &words)?;
    core.holding_words(read_at, read_count)
        .map(|words| counted(&words))
}
