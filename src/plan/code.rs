//! The numbered rules a city folder is held against.
//!
//! A code never changes its meaning. `docs/operating/findings.md` explains each one, and each has
//! a rejected example in `hil-tests/fixtures/plans/`.

use core::fmt;

/// How bad it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the city runs.
    Warning,
    /// Nothing is started.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! codes {
    ($($code:ident $severity:ident $rule:literal)*) => {
        /// Which rule a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $rule] $code,)*
        }

        impl Code {
            /// Every code, in the order of the handbook.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as it is printed, as `S03`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// The rule in one sentence.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$code => $rule,)*
                }
            }

            /// How bad it is to break the rule.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    S01 Error "A hostile pair has an intergreen in both directions."
    S02 Error "Every pair of groups is hostile, permissive or compatible, and the file says which."
    S03 Error "No two hostile groups share a stage."
    S04 Error "Amber is at least as long as the profile's floor."
    S05 Error
        "An intergreen holds the amber of the group that ends and the red-amber of the next."
    S06 Error "An intergreen holds the clearance computed from the given geometry."
    S07 Error "A minimum green and a minimum red are at least the profile's floor."
    S08 Error "The flashing green of walkers lasts from kerb to kerb at a permitted walking speed."
    S09 Error "The steady walk is at least the profile's floor."
    S10 Error "Between the end of flashing green and a hostile start lies the profile's buffer."
    S11 Error "An arrow group has no permissive partner."
    S12 Error
        "The start-up is flashing amber, then all red, each as long as the profile says."
    S15 Error "A plan changes timings, never safety data."
    S16 Error "Flashing green of a driving group is followed by steady amber."
    S17 Error "A pair of groups is not hostile and permissive or compatible at once."
    S18 Error "No stage change of a plan is a yellow trap."
    S19 Warning "Amber lasts as long as the approach speed asks for."
    P01 Error "The splits of a plan add up to its cycle."
    P02 Error "A split holds the minimum greens of its stage and the change to the next one."
    P03 Error
        "A split holds walk, extension, flashing green and buffer, unless the plan may overrun."
    P04 Error
        "A sequence names known stages; every group somebody can ask for is green in it."
    P05 Error "A sequence makes no forbidden stage change."
    P06 Error "An offset lies in the cycle."
    P07 Error "A coordinated plan says what its offset refers to."
    P08 Error "The coordinated stage and the rest stage are in the sequence."
    P09 Error "A maximum green is not shorter than the minimum green."
    P10 Error "Nobody waits longer than the bound of the group."
    P11 Warning "A sequence has at most 16 stages, so that it fits a GB/T 20999 machine."
    T01 Error "The first entry of a day plan is at 00:00."
    T02 Error "The entries of a day plan rise in time."
    T03 Error "Every site has every plan that a day runs, and every day that is named exists."
    T04 Error "Every weekday has one day plan."
    T05 Error "Exceptions do not overlap and end after they begin."
    T06 Warning "An exception is not over yet."
    T07 Error "A day plan has at most 48 entries."
    T08 Error "The time zone is one the profile knows, without a change to summer time."
    D01 Error "A detector calls groups that the site has."
    D02 Error "In an actuated plan every group somebody can ask for has a detector or a recall."
    D03 Error "A detector says what happens while it is faulty."
    D04 Error "A detector is called stuck only after more than the longest red it can see."
    D05 Error "Every detector and button has a channel of its own."
    E01 Error "The emergency green moves every lane of its approach."
    E02 Error "The emergency green holds no hostile pair."
    E03 Error "Entering and leaving an emergency green is no yellow trap."
    E04 Error "Every approach says what an emergency vehicle is given, or why nothing."
    E05 Error "A lane obeys a group of its approach, and an approach has vehicle groups only."
    E06 Error "An approach names a road of the network that ends at the site."
    E07 Error "Every road into a site has an approach."
    E08 Error
        "Every site stands at one place of the network, and every site named there has a file."
    N01 Error "A cabinet drives a site of the city."
    N02 Error "A unit number is used once on a link."
    N03 Error "Every site has one cabinet."
    N04 Error "A cabinet hangs on a link of the city."
    N05 Error "A link is polled in step with the control cycle."
    N06 Error "Direct lamp control stays on local links."
    N07 Error "The read-back fence of a site is not shorter than its link can deliver."
    N08 Error "Two links do not claim the same port or device."
    V01 Error "A terminal belongs to one vehicle."
    V02 Error "A plate belongs to one vehicle."
    V03 Error "A terminal goes by a number of 1 to 20 decimal digits."
    V04 Warning "A rescue vehicle says under which number it is registered."
    V05 Warning "A registration is not over yet."
    V06 Error "Two feeds do not claim the same address or device, and an address is one vehicle's."
    V07 Error "A webhook goes over https or to loopback, or says `plain_http = true`."
    V08 Warning "A place of the gazetteer lies within a degree of the city."
    F01 Error "Every key is known."
    F02 Error "The key of a number ends in its unit."
    F03 Error "The file is of a version this program knows."
    F04 Error "An id is used once."
    F05 Error "A number is finite and not negative."
    F06 Error "The file can be read as what its name says."
    F07 Error "Nothing needed is missing."
    F08 Error "A value is of the right kind, in range, or one of the allowed words."
    F09 Error "A time is a whole number of control cycles of 0.1 s."
    F10 Error "A site is not larger than a cabinet unit can carry."
    F11 Error "A name used in a file is declared."
    F12 Error "A site file carries the id of its site."
    F13 Warning "A site that stands on a street is held to a profile for streets."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
