//! A cabinet on Modbus TCP: one listener, any number of connections, one question at a time each.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fleet::Shared;
use super::wire::{Reaction, react};

/// Serves until the listener is dropped.
pub(super) async fn serve(listener: TcpListener, cabinet: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let cabinet = cabinet.clone();
                connections.spawn(async move {
                    // A broken connection concerns nobody but the one who broke it.
                    let _ended = talk(stream, &cabinet).await;
                });
            }
            // Out of file handles, say: try again rather than go deaf.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

async fn talk(mut stream: TcpStream, cabinet: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut head = [0_u8; 7];
        stream.read_exact(&mut head).await?;
        let [t1, t0, p1, p0, l1, l0, unit] = head;
        let length = usize::from(u16::from_be_bytes([l1, l0]));
        if [p1, p0] != [0, 0] || !(2..=254).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut request = vec![0_u8; length - 1];
        stream.read_exact(&mut request).await?;
        if unit != cabinet.unit && unit != 0xFF {
            let function = request.first().copied().unwrap_or(0);
            // Gateway target failed to respond: there is no such cabinet here.
            stream
                .write_all(&frame([t1, t0], unit, &[function | 0x80, 0x0B]))
                .await?;
            continue;
        }
        if let Some(reaction) = react(cabinet, &request) {
            reply(&mut stream, [t1, t0], unit, reaction).await?;
        }
    }
}

async fn reply(
    stream: &mut TcpStream,
    transaction: [u8; 2],
    unit: u8,
    reaction: Reaction,
) -> io::Result<()> {
    if !reaction.delay.is_zero() {
        tokio::time::sleep(reaction.delay).await;
    }
    let unit = if reaction.wrong_unit {
        unit.wrapping_add(1)
    } else {
        unit
    };
    let bytes = if reaction.noise {
        vec![0xA5; 24]
    } else {
        frame(transaction, unit, &reaction.answer)
    };
    stream.write_all(&bytes).await?;
    if reaction.twice {
        stream.write_all(&bytes).await?;
    }
    Ok(())
}

fn frame(transaction: [u8; 2], unit: u8, answer: &[u8]) -> Vec<u8> {
    let length = u16::try_from(answer.len() + 1).unwrap_or(0).to_be_bytes();
    let mut bytes = Vec::with_capacity(answer.len() + 7);
    bytes.extend(transaction);
    bytes.extend([0, 0]);
    bytes.extend(length);
    bytes.push(unit);
    bytes.extend(answer);
    bytes
}
