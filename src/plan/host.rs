//! What may stand as the `host` of a link.

use core::net::{Ipv4Addr, Ipv6Addr};

/// Longest host name and longest part of it, as the name system has them.
const NAME_MAX: usize = 253;
const PART_MAX: usize = 63;

/// True for an IPv4 address, an IPv6 address in brackets (a port follows it) and a host name.
pub(super) fn is_host(text: &str) -> bool {
    let inside = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inside) = inside {
        return inside.parse::<Ipv6Addr>().is_ok();
    }
    text.parse::<Ipv4Addr>().is_ok() || is_name(text)
}

fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |part: &str| {
        (1..=PART_MAX).contains(&part.len())
            && part.bytes().all(allowed)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    // A name that ends in a number is an address with a slip in it.
    let last = name.rsplit('.').next().unwrap_or("");
    let number = last.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= NAME_MAX && !number && name.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_an_address_or_a_name() {
        let long = "a".repeat(64);
        for good in [
            "127.0.0.1",
            "[::1]",
            "localhost",
            "cabinet-7.example.org.",
            "unit_3",
        ] {
            assert!(is_host(good), "{good}");
        }
        for wrong in [
            "",
            ".",
            "not a host!",
            "10.0.0.256",
            "10.0.0",
            "::1",
            "[::1",
            "-a",
            "a..b",
            "a:502",
            &long,
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
