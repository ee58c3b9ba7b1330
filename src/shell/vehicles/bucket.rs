//! How often somebody may: a bucket of tokens on a clock that only runs forwards.

/// A bucket of tokens, in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_s: u64,
    most: u64,
    left: u64,
    at_ms: u64,
}

impl Bucket {
    /// A full bucket that gains `per_s` tokens a second and holds `most`.
    #[must_use]
    pub const fn new(per_s: u64, most: u64, now_ms: u64) -> Self {
        Self {
            per_s,
            most: most * 1000,
            left: most * 1000,
            at_ms: now_ms,
        }
    }

    /// Takes a token; false if there is none.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let gained = now_ms.saturating_sub(self.at_ms).saturating_mul(self.per_s);
        self.left = self.left.saturating_add(gained).min(self.most);
        self.at_ms = self.at_ms.max(now_ms);
        if self.left < 1000 {
            return false;
        }
        self.left -= 1000;
        true
    }
}
