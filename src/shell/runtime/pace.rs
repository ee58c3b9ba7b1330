//! Absolute deadlines for the control thread, and how late it was.
//!
//! The next deadline is computed from the first one, never from "now plus a tick", so lateness
//! does not add up. Ticks that were slept through are counted and skipped, not caught up.

use std::time::Duration;

use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

use crate::units::{Mono, TICK};

/// What the operating system granted the control thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// `fifo` if the thread runs under `SCHED_FIFO`, else why not.
    pub scheduler: String,
    /// `locked` if the memory is locked, else why not.
    pub memory: String,
}

/// Low in the real-time range: above ordinary work, below the kernel's own threads.
const FIFO_PRIORITY: u8 = 15;

/// Of 0 to 99; a nice value of 10.
const WAY_PRIORITY: u8 = 22;

/// Asks for `SCHED_FIFO` and locked memory for the calling thread. Refusal is told, never fatal.
#[must_use]
pub fn ask_for_real_time() -> Grants {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let scheduler = ThreadPriorityValue::try_from(FIFO_PRIORITY)
        .map_err(|refusal| (*refusal).to_owned())
        .and_then(|priority| {
            set_thread_priority_and_policy(
                thread_native_id(),
                ThreadPriority::Crossplatform(priority),
                ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo),
            )
            .map_err(|refusal| format!("{refusal:?}"))
        })
        .map_or_else(|why| format!("normal ({why})"), |()| "fifo".to_owned());
    let memory = match mlockall(MlockAllFlags::MCL_CURRENT) {
        Ok(()) => "locked".to_owned(),
        Err(why) => format!("not locked ({why})"),
    };
    Grants { scheduler, memory }
}

/// Lets the calling thread work on what the others leave: its results may wait, the links' may not.
pub fn give_way() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
    let asked =
        ThreadPriorityValue::try_from(WAY_PRIORITY).map_err(|refusal| (*refusal).to_owned());
    let given = asked.and_then(|priority| {
        let priority = ThreadPriority::Crossplatform(priority);
        set_current_thread_priority(priority).map_err(|refusal| format!("{refusal:?}"))
    });
    if let Err(why) = given {
        tracing::debug!(why, "a thread works on as urgently as the others");
    }
}

/// Gives the control thread its deadlines.
#[derive(Debug)]
pub struct Pace {
    start: Duration,
    next: Duration,
}

/// One deadline met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Time since the pace began.
    pub now: Mono,
    /// How long after its deadline the thread woke up.
    pub late: Duration,
    /// Whole ticks that were slept through before this one.
    pub missed: u32,
}

impl Pace {
    /// A pace whose first deadline is one tick from now.
    #[must_use]
    pub fn new() -> Self {
        let start = monotonic();
        Self { start, next: start }
    }

    /// Sleeps until the next deadline.
    pub fn wait(&mut self) -> Beat {
        let tick = Duration::from_millis(u64::from(TICK.as_ms()));
        self.next += tick;
        let before = monotonic();
        let mut missed = 0_u32;
        while self.next + tick <= before {
            self.next += tick;
            missed = missed.saturating_add(1);
        }
        sleep_until(self.next);
        let woke = monotonic();
        let since = woke.saturating_sub(self.start).as_millis();
        Beat {
            now: Mono::from_ms(u64::try_from(since).unwrap_or(u64::MAX)),
            late: woke.saturating_sub(self.next),
            missed,
        }
    }

    /// Time since the pace began.
    #[must_use]
    pub fn now(&self) -> Mono {
        let since = monotonic().saturating_sub(self.start).as_millis();
        Mono::from_ms(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

fn sleep_until(deadline: Duration) {
    loop {
        let slept = clock_nanosleep(
            ClockId::CLOCK_MONOTONIC,
            ClockNanosleepFlags::TIMER_ABSTIME,
            &deadline.into(),
        );
        match slept {
            Err(nix::errno::Errno::EINTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_gives_way_is_nicer_than_the_rest() {
        let nice = || {
            give_way();
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            // The name may have spaces; nice is the seventeenth field behind it.
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            fields.split(' ').nth(16).unwrap().parse::<i32>().unwrap()
        };
        assert!(std::thread::spawn(nice).join().unwrap() >= 10);
    }
}
