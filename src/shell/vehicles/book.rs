//! Which terminal speaks for which vehicle, and the code it has to show.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::jt808::{Phone, hex};
use crate::plan::CheckedCity;

/// Bytes of a code that are used: 64 bits in hexadecimal fit the field of every terminal.
const CODE_BYTES: usize = 8;

/// A vehicle of the list, as a feed needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Id of the vehicle.
    pub id: String,
    /// Plate without dots and spaces; empty if none is written down.
    pub plate: String,
}

/// The terminals of the fleet list.
///
/// A code is the keyed hash of the terminal's number. It is the same after a restart, nobody can
/// make one for another terminal, and nothing has to be stored for each.
#[derive(Debug)]
pub struct Book {
    terminals: BTreeMap<Phone, Listed>,
    key: [u8; 32],
}

impl Book {
    /// The terminals of the city's list, with this key.
    #[must_use]
    pub fn new(city: &CheckedCity, key: [u8; 32]) -> Self {
        let terminals = city.vehicles.iter().filter_map(|vehicle| {
            let phone = Phone::from_digits(&vehicle.terminal_id)?;
            let listed = Listed {
                id: vehicle.id.clone(),
                plate: plain(&vehicle.plate),
            };
            Some((phone, listed))
        });
        Self {
            terminals: terminals.collect(),
            key,
        }
    }

    /// The vehicle that a terminal speaks for.
    #[must_use]
    pub fn vehicle(&self, phone: Phone) -> Option<&Listed> {
        self.terminals.get(&phone)
    }

    /// The code a terminal is given when it registers.
    #[must_use]
    pub fn code(&self, phone: Phone) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            // A key of any length is taken; without a code nobody signs on.
            return String::new();
        };
        mac.update(phone.to_string().as_bytes());
        let hash = mac.finalize().into_bytes();
        hex(hash.get(..CODE_BYTES).unwrap_or_default())
    }

    /// True if the code is this terminal's.
    #[must_use]
    pub fn fits(&self, phone: Phone, code: &str) -> bool {
        let own = self.code(phone);
        !own.is_empty() && bool::from(own.as_bytes().ct_eq(code.as_bytes()))
    }
}

/// A plate as it is compared: without dots, dashes and spaces, in upper case.
#[must_use]
pub fn plain(plate: &str) -> String {
    let letters = plate.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

/// The key of the codes, from the data folder; made there at the first start, readable by the
/// program's own user alone.
///
/// # Errors
/// The file cannot be read or written, or is not 32 bytes long.
pub fn key_of(folder: &Path) -> io::Result<[u8; 32]> {
    let path = folder.join("terminal-key");
    match fs::read(&path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| {
            io::Error::other(format!(
                "{} is not 32 bytes long; if it is lost, remove it, and every terminal has to register anew",
                path.display()
            ))
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            fs::create_dir_all(folder)?;
            write_own(&path, &key)?;
            Ok(key)
        }
        Err(why) => Err(why),
    }
}

fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
