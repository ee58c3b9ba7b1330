//! TraCI's bytes: commands out, answers in. Nothing here touches a socket or can panic.

use super::error::CodecError;

/// Longest message that is believed, bytes: a subscription of every vehicle of a large city.
pub const MESSAGE_MAX: usize = 64 << 20;

/// Type codes of TraCI's values.
pub mod kind {
    /// A position on the plane: two 64 bit floats.
    pub const PLACE: u8 = 0x01;
    /// An unsigned byte.
    pub const UBYTE: u8 = 0x07;
    /// A signed byte.
    pub const BYTE: u8 = 0x08;
    /// A 32 bit integer.
    pub const INT: u8 = 0x09;
    /// A 64 bit float.
    pub const DOUBLE: u8 = 0x0B;
    /// Text.
    pub const TEXT: u8 = 0x0C;
    /// A list of texts.
    pub const TEXTS: u8 = 0x0E;
    /// A list of values, each with its type.
    pub const COMPOUND: u8 = 0x0F;
}

/// A message on its way out: a length, then commands.
#[derive(Clone, Debug)]
pub struct Message {
    bytes: Vec<u8>,
}

impl Default for Message {
    fn default() -> Self {
        Self { bytes: vec![0; 4] }
    }
}

impl Message {
    /// True if it holds no command yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.len() <= 4
    }

    /// Appends a command whose body `write` makes.
    pub fn command(&mut self, id: u8, write: impl FnOnce(&mut Body<'_>)) {
        let at = self.bytes.len();
        // Always the long form of the length: one form is enough.
        self.bytes.extend([0; 5]);
        self.bytes.push(id);
        write(&mut Body(&mut self.bytes));
        let length = length_of(self.bytes.len() - at);
        if let Some(place) = self.bytes.get_mut(at + 1..at + 5) {
            place.copy_from_slice(&length);
        }
    }

    /// The bytes to send; the message is empty afterwards.
    pub fn seal_into(&mut self, wire: &mut Vec<u8>) {
        let length = length_of(self.bytes.len());
        if let Some(place) = self.bytes.get_mut(..4) {
            place.copy_from_slice(&length);
        }
        wire.extend_from_slice(&self.bytes);
        self.bytes.truncate(4);
    }
}

fn length_of(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

/// The body of a command.
#[derive(Debug)]
pub struct Body<'a>(&'a mut Vec<u8>);

impl Body<'_> {
    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// A 64 bit float.
    pub fn double(&mut self, value: f64) {
        self.0.extend(value.to_be_bytes());
    }

    /// A 32 bit integer.
    pub fn int(&mut self, value: i32) {
        self.0.extend(value.to_be_bytes());
    }

    /// Text with its length before it.
    pub fn text(&mut self, value: &str) {
        self.0.extend(length_of(value.len()));
        self.0.extend(value.as_bytes());
    }
}

/// A value as SUMO sends it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A byte or an integer.
    Int(i32),
    /// A float.
    Double(f64),
    /// A position, metres.
    Place(f64, f64),
    /// Text.
    Text(&'a str),
    /// A list of texts.
    Texts(Vec<&'a str>),
    /// A list of values.
    Compound(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// The float in it.
    ///
    /// # Errors
    /// It is something else.
    pub const fn as_double(&self) -> Result<f64, CodecError> {
        match self {
            Self::Double(value) => Ok(*value),
            _ => Err(CodecError::WrongType),
        }
    }

    /// The text in it.
    ///
    /// # Errors
    /// It is something else.
    pub const fn as_text(&self) -> Result<&'a str, CodecError> {
        match self {
            Self::Text(value) => Ok(value),
            _ => Err(CodecError::WrongType),
        }
    }

    /// The integer in it.
    ///
    /// # Errors
    /// It is something else.
    pub const fn as_int(&self) -> Result<i32, CodecError> {
        match self {
            Self::Int(value) => Ok(*value),
            _ => Err(CodecError::WrongType),
        }
    }
}

/// Reads a message from its front; every step checks that there is enough left.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// True if everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], CodecError> {
        let (head, tail) = self
            .rest
            .split_at_checked(count)
            .ok_or(CodecError::Truncated(what))?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let bytes = self.take(N, what)?;
        bytes.try_into().map_err(|_| CodecError::Truncated(what))
    }

    /// One byte.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        self.array::<1>("a byte").map(|[byte]| byte)
    }

    /// A 32 bit integer.
    ///
    /// # Errors
    /// Too little is left.
    pub fn int(&mut self) -> Result<i32, CodecError> {
        self.array("an integer").map(i32::from_be_bytes)
    }

    /// A 64 bit float.
    ///
    /// # Errors
    /// Too little is left.
    pub fn double(&mut self) -> Result<f64, CodecError> {
        self.array("a float").map(f64::from_be_bytes)
    }

    /// A count of things that follow, each of at least `least` bytes.
    ///
    /// # Errors
    /// A count below zero, or more than can be left.
    pub fn count(&mut self, least: usize) -> Result<usize, CodecError> {
        let told = self.int()?;
        let count = usize::try_from(told).map_err(|_| CodecError::BadLength(told.into()))?;
        if count.saturating_mul(least) > self.rest.len() {
            return Err(CodecError::Truncated("a list"));
        }
        Ok(count)
    }

    /// Text with its length before it.
    ///
    /// # Errors
    /// Too little is left, or it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        let length = self.count(1)?;
        let bytes = self.take(length, "a text")?;
        core::str::from_utf8(bytes).map_err(|_| CodecError::BadText)
    }

    /// The next command or answer of a message: its id and its body.
    ///
    /// # Errors
    /// A length that does not fit.
    pub fn command(&mut self) -> Result<(u8, Self), CodecError> {
        let short = self.byte()?;
        let (length, head) = if short == 0 {
            (self.int()?, 5)
        } else {
            (i32::from(short), 1)
        };
        let body = usize::try_from(length - head)
            .ok()
            .filter(|body| *body >= 1)
            .ok_or(CodecError::BadLength(length.into()))?;
        let mut inner = Self::new(self.take(body, "a command")?);
        let id = inner.byte()?;
        Ok((id, inner))
    }

    /// A value with its type before it.
    ///
    /// # Errors
    /// Too little is left, or a type that is not known.
    pub fn value(&mut self) -> Result<Value<'a>, CodecError> {
        self.value_within(4)
    }

    fn value_within(&mut self, depth: u8) -> Result<Value<'a>, CodecError> {
        Ok(match self.byte()? {
            kind::PLACE => Value::Place(self.double()?, self.double()?),
            kind::UBYTE => Value::Int(i32::from(self.byte()?)),
            kind::BYTE => Value::Int(i32::from(i8::from_be_bytes(self.array("a byte")?))),
            kind::INT => Value::Int(self.int()?),
            kind::DOUBLE => Value::Double(self.double()?),
            kind::TEXT => Value::Text(self.text()?),
            kind::TEXTS => {
                let count = self.count(4)?;
                Value::Texts((0..count).map(|_| self.text()).collect::<Result<_, _>>()?)
            }
            kind::COMPOUND if depth > 0 => {
                let count = self.count(1)?;
                let each = (0..count).map(|_| self.value_within(depth - 1));
                Value::Compound(each.collect::<Result<_, _>>()?)
            }
            other => return Err(CodecError::UnknownType(other)),
        })
    }
}

/// What became of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The command it answers.
    pub command: u8,
    /// True if SUMO did it.
    pub done: bool,
    /// SUMO's words.
    pub why: &'a str,
}

impl<'a> Status<'a> {
    /// Reads the answer to `command`.
    ///
    /// # Errors
    /// It is cut, or answers something else.
    pub fn read(reader: &mut Reader<'a>, command: u8) -> Result<Self, CodecError> {
        let (found, mut body) = reader.command()?;
        if found != command {
            let wanted = command;
            return Err(CodecError::OutOfStep { wanted, found });
        }
        Ok(Self {
            command,
            done: body.byte()? == 0,
            why: body.text()?,
        })
    }
}

/// One variable of one object, told by a subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Told<'a> {
    /// The object.
    pub object: &'a str,
    /// Which of its variables.
    pub variable: u8,
    /// Its value.
    pub value: Value<'a>,
}

/// Reads the answer to a subscription and hands each variable to `each`; returns its id.
///
/// # Errors
/// It is cut, or a value cannot be read. A variable that SUMO could not tell is passed over.
pub fn read_subscription<'a>(
    reader: &mut Reader<'a>,
    each: &mut dyn FnMut(u8, Told<'a>) -> Result<(), CodecError>,
) -> Result<u8, CodecError> {
    let (answer, mut body) = reader.command()?;
    let object = body.text()?;
    let variables = body.byte()?;
    for _ in 0..variables {
        let variable = body.byte()?;
        let status = body.byte()?;
        let value = body.value()?;
        if status == 0 {
            let told = Told {
                object,
                variable,
                value,
            };
            each(answer, told)?;
        }
    }
    Ok(answer)
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
