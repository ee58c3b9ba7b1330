//! A tap on a wire: passes everything on, and keeps what the near side said, connection by
//! connection.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What was said on each connection, in the order they were opened.
type Said = Arc<Mutex<Vec<Vec<u8>>>>;

/// A wire that is listened on.
#[derive(Debug)]
pub(super) struct Tap {
    /// Where the near side connects to.
    pub(super) at: SocketAddr,
    said: Said,
}

impl Tap {
    /// A wire to `to`.
    pub(super) fn on(to: SocketAddr) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|why| format!("tap: {why}"))?;
        let at = listener.local_addr().map_err(|why| why.to_string())?;
        let said = Said::default();
        let kept = Arc::clone(&said);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    // A wire that breaks has said what it has said.
                    let _broke = pass(&near, to, &kept);
                });
            }
        });
        Ok(Self { at, said })
    }

    /// What was said so far.
    pub(super) fn said(&self) -> Vec<Vec<u8>> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
}

fn pass(near: &TcpStream, to: SocketAddr, kept: &Said) -> std::io::Result<()> {
    let far = TcpStream::connect(to)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let number = {
        let mut said = kept.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(Vec::new());
        said.len() - 1
    };
    let (mut from_far, mut to_near) = (far.try_clone()?, near.try_clone()?);
    thread::spawn(move || {
        let _broke = std::io::copy(&mut from_far, &mut to_near);
        let _gone = to_near.shutdown(Shutdown::Write);
    });
    let (mut near, mut far, mut room) = (near, &far, [0; 4096]);
    loop {
        let count = near.read(&mut room)?;
        let Some(bytes) = room.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return far.shutdown(Shutdown::Write);
        };
        let mut said = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said.get_mut(number) {
            said.extend_from_slice(bytes);
        }
        drop(said);
        far.write_all(bytes)?;
    }
}

/// Keeps a capture in a file: its connections as hexadecimal digits, a line each.
pub(super) fn keep(said: &[Vec<u8>], to: &Path) -> Result<(), String> {
    let mut text = String::new();
    for bytes in said {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        text.extend(digits);
        text.push('\n');
    }
    fs::write(to, text).map_err(|why| format!("{}: {why}", to.display()))
}

/// Reads it back.
pub(super) fn read(from: &Path) -> Result<Vec<Vec<u8>>, String> {
    let text = fs::read_to_string(from);
    let text = text.map_err(|why| {
        let first = "run `rig accept hospital` first: it captures what is sent again here";
        format!("{}: {why}; {first}", from.display())
    })?;
    let byte = |pair: &[u8]| {
        let digits = core::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(digits, 16).map_err(|why| format!("{}: {why}", from.display()))
    };
    let lines = text.lines();
    lines
        .map(|line| line.as_bytes().chunks(2).map(byte).collect())
        .collect()
}
