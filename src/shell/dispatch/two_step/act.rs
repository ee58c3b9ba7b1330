//! The table of two-step acts: who may, whether a second person is needed, what follows.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::super::Api;
use super::super::auth::{Limit, NewPerson, NewToken, PeopleError, Principal, Role, Scope};
use super::super::bus::{SCHEME, Topics};
use super::super::fields::{Fields, Findings};
use super::super::problem::Problem;
use super::super::world::{CityStatic, Names};

/// One person may put this many signals to flashing or all red; more is for two.
pub(in crate::shell::dispatch) const SIGNALS_ALONE_MAX: usize = 10;
/// Longest such act, seconds.
const LEASE_MAX_S: u32 = 120;
/// A guard duty lasts at most this long, minutes.
const GUARD_MINUTES_MAX: u32 = 60;
/// A machine token lives at most this long, days.
const TOKEN_DAYS_MAX: u32 = 400;

/// An act that is shown before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TwoStep {
    /// Enters a person.
    AddPerson(NewPerson),
    /// Ends a person's right to sign in.
    DisablePerson(String),
    /// Makes a machine token.
    MakeToken(NewToken),
    /// Revokes one.
    RevokeToken(String),
    /// Sets what an agency may ask for.
    SetLimit(String, Limit),
    /// Registers where answers may be sent.
    RegisterReply(String, String),
    /// Ends a corridor of any agency.
    CancelCorridor(u32),
    /// Many signals to flashing amber or all red.
    ManySignals {
        /// Flashing, else all red.
        flash: bool,
        /// Site ids.
        sites: Vec<String>,
        /// For so long, seconds.
        lease_s: u32,
    },
    /// Opens a confidential mission: priority, never preemption.
    GuardDuty(GuardDuty),
}

/// A guard duty, as it is released by two persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardDuty {
    /// Vehicle of the allow-list.
    pub(super) vehicle: String,
    /// Place it goes to.
    pub(super) place: String,
    /// How long it may last, minutes.
    pub(super) minutes: u32,
}

impl TwoStep {
    /// The role it needs: admins have no signal power, dispatchers no keys.
    const fn role(&self) -> Role {
        match self {
            Self::AddPerson(_)
            | Self::DisablePerson(_)
            | Self::MakeToken(_)
            | Self::RevokeToken(_)
            | Self::SetLimit(..)
            | Self::RegisterReply(..) => Role::Admin,
            Self::CancelCorridor(_) | Self::ManySignals { .. } | Self::GuardDuty(_) => {
                Role::Dispatcher
            }
        }
    }

    /// True if other agencies may not know of it.
    pub(super) const fn is_confidential(&self) -> bool {
        matches!(self, Self::GuardDuty(_))
    }

    pub(super) fn check_role(&self, by: &Principal) -> Result<(), Problem> {
        let role = self.role();
        if by.holds_any(&[role]) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "role-missing",
            format!("this act needs the role {}", role.name()),
        ))
    }

    /// True for acts that one person may not do alone.
    /// `darkened` are the signals that show all red or flash by hand already.
    pub(super) fn needs_second_person(&self, darkened: &[String]) -> bool {
        match self {
            Self::ManySignals { sites, .. } => {
                let others = darkened.iter().filter(|site| !sites.contains(site));
                sites.len() + others.count() > SIGNALS_ALONE_MAX
            }
            Self::GuardDuty(_) => true,
            _ => false,
        }
    }

    /// What the audit says of it: no secret, no free text.
    pub(super) fn about(&self) -> String {
        match self {
            Self::AddPerson(one) => {
                let roles: Vec<&str> = one.roles.iter().map(|role| role.name()).collect();
                format!("add {} of {} as {}", one.name, one.agency, roles.join(" "))
            }
            Self::DisablePerson(name) => format!("disable {name}"),
            Self::MakeToken(one) => {
                let scopes: Vec<&str> = one.scopes.iter().map(|scope| scope.name()).collect();
                format!("token {} for {}: {}", one.id, one.agency, scopes.join(" "))
            }
            Self::RevokeToken(id) => format!("revoke token {id}"),
            Self::SetLimit(agency, limit) => format!(
                "limits of {agency}: priority {}, {} corridors",
                limit.priority_ceiling, limit.corridors_max
            ),
            Self::RegisterReply(agency, url) => format!("reply target of {agency}: {url}"),
            Self::CancelCorridor(id) => format!("cancel corridor {id}"),
            // Not where to: that is known to those who see the mission.
            Self::GuardDuty(duty) => {
                format!("guard duty of {}, {} min", duty.vehicle, duty.minutes)
            }
            Self::ManySignals { flash, sites, .. } => {
                let what = if *flash { "flash" } else { "all red" };
                format!("{what} at {}", sites.join(" "))
            }
        }
    }

    /// What follows, for the person who is asked whether they mean it.
    #[expect(clippy::too_many_lines, reason = "a table: one act, its sentences")]
    pub(super) fn consequences(&self, api: &Api) -> Vec<Names> {
        match self {
            Self::AddPerson(one) => {
                let second = one.roles.iter().any(|role| role.needs_second_factor());
                let mut all = vec![Names::new(
                    format!("{} 将可登录；一次性设置密码 24 小时内有效", one.name),
                    format!(
                        "{} can sign in once set up; the secret lives 24 h",
                        one.name
                    ),
                )];
                if second {
                    all.push(Names::new(
                        "登录需要动态验证码",
                        "signs in with a second factor",
                    ));
                }
                all
            }
            Self::DisablePerson(name) => vec![Names::new(
                format!("{name} 的所有会话立即结束，不能再登录"),
                format!("every session of {name} ends at once; no way back under this name"),
            )],
            Self::MakeToken(one) => vec![Names::new(
                format!(
                    "{} 的系统可凭令牌访问 {} 天；同名旧令牌立即失效",
                    one.agency, one.days
                ),
                format!(
                    "a system of {} gets access for {} days; an old token of this name ends",
                    one.agency, one.days
                ),
            )],
            Self::RevokeToken(id) => vec![Names::new(
                format!("使用令牌 {id} 的系统立即失去访问"),
                format!("whatever uses token {id} loses access at once"),
            )],
            Self::SetLimit(agency, limit) => vec![Names::new(
                format!(
                    "{agency}：最高优先级 {}，最多 {} 条走廊",
                    limit.priority_ceiling, limit.corridors_max
                ),
                format!(
                    "{agency}: priority {} at most, {} corridors at once; running ones stay",
                    limit.priority_ceiling, limit.corridors_max
                ),
            )],
            Self::RegisterReply(agency, url) => vec![Names::new(
                format!("{agency} 的走廊状态可发送到 {url}"),
                format!("status of {agency}'s corridors may be sent to {url}"),
            )],
            Self::CancelCorridor(id) => {
                let owner = api
                    .custody
                    .of(*id)
                    .map(|one| one.agency)
                    .unwrap_or_default();
                vec![Names::new(
                    format!("走廊 {id}（{owner}）立即结束，沿途信号恢复方案；车辆将遇红灯"),
                    format!("corridor {id} of {owner} ends at once; its vehicle will meet reds"),
                )]
            }
            Self::GuardDuty(duty) => vec![Names::new(
                format!(
                    "{} 获得绿灯优先（不抢占），最长 {} 分钟；仅本单位可见",
                    duty.vehicle, duty.minutes
                ),
                format!(
                    "{} gets priority, never preemption, for {} min at most; only its own agency sees it",
                    duty.vehicle, duty.minutes
                ),
            )],
            Self::ManySignals {
                flash,
                sites,
                lease_s,
            } => {
                let (zh, en) = if *flash {
                    ("黄闪", "flash amber")
                } else {
                    ("全红", "show all red")
                };
                vec![Names::new(
                    format!(
                        "{} 个路口{zh} {lease_s} 秒，经过其中的走廊失去绿灯",
                        sites.len()
                    ),
                    format!(
                        "{} signals {en} for {lease_s} s; corridors through them lose their green",
                        sites.len()
                    ),
                )]
            }
        }
    }
}

/// Reads an act.
pub(crate) fn read(body: &Map<String, Value>, city: &CityStatic) -> Result<TwoStep, Problem> {
    let findings = Findings::default();
    let made = read_act(body, city, &findings);
    findings.finish(made)
}

#[expect(clippy::too_many_lines, reason = "a table: one act, its fields")]
fn read_act(body: &Map<String, Value>, city: &CityStatic, findings: &Findings) -> Option<TwoStep> {
    const KINDS: [(&str, (u8, &[&str])); 10] = [
        ("add-person", (0, &["act", "name", "agency", "roles"])),
        ("disable-person", (1, &["act", "name"])),
        (
            "make-token",
            (
                2,
                &[
                    "act",
                    "id",
                    "agency",
                    "source_system",
                    "scopes",
                    "certificate_sha256",
                    "days",
                ],
            ),
        ),
        ("revoke-token", (3, &["act", "id"])),
        (
            "set-limits",
            (4, &["act", "agency", "priority_ceiling", "corridors_max"]),
        ),
        ("register-reply", (5, &["act", "agency", "url"])),
        ("cancel-corridor", (6, &["act", "corridor"])),
        ("flash", (7, &["act", "sites", "lease_s"])),
        ("all-red", (8, &["act", "sites", "lease_s"])),
        ("guard-duty", (9, &["act", "vehicle", "place", "minutes"])),
    ];
    let any = KINDS.iter().flat_map(|(_, (_, keys))| *keys).copied();
    let any: Vec<&str> = any.collect();
    let (kind, known) = Fields::new(body, "", &any, findings).word("act", &KINDS)?;
    let fields = Fields::new(body, "", known, findings);
    Some(match kind {
        0 => {
            let (name, agency) = (fields.name_word("name"), agency(&fields, city));
            let roles = fields.words("roles", &Role::ALL.map(|role| (role.name(), role)));
            if let Some(role) = roles.as_deref().and_then(Role::clash) {
                let why = PeopleError::RolesClash(role).to_string();
                let mend = "admin alone or with viewer or auditor";
                fields.impossible("roles", &why, mend);
            }
            TwoStep::AddPerson(NewPerson {
                name: name?,
                agency: agency?,
                roles: roles?,
            })
        }
        1 => TwoStep::DisablePerson(fields.name_word("name")?),
        2 => {
            let (id, agency) = (fields.name_word("id"), agency(&fields, city));
            let source_system = fields.text("source_system", 64);
            let scopes = fields.words("scopes", &Scope::ALL.map(|scope| (scope.name(), scope)));
            let certificate = fields.hash_or_none("certificate_sha256");
            let days = fields.whole("days", 1, TOKEN_DAYS_MAX);
            TwoStep::MakeToken(NewToken {
                id: id?,
                agency: agency?,
                source_system: source_system?,
                scopes: scopes?,
                certificate: certificate?,
                days: days?,
            })
        }
        3 => TwoStep::RevokeToken(fields.name_word("id")?),
        4 => {
            let agency = agency(&fields, city);
            let ceiling = fields.whole("priority_ceiling", 1, 5);
            let corridors_max = fields.whole("corridors_max", 0, 64);
            let limit = Limit {
                priority_ceiling: u8::try_from(ceiling?).ok()?,
                corridors_max: corridors_max?,
            };
            TwoStep::SetLimit(agency?, limit)
        }
        5 => {
            let (agency, url) = (agency(&fields, city), fields.text("url", 256));
            let own = |agency: &str, url: &str| {
                let topic = url.strip_prefix(SCHEME);
                let topics = Topics::of(&city.id);
                topic.is_some_and(|topic| topics.answer_name(agency, topic).is_some())
            };
            let (agency, url) = (agency?, url?);
            if !own(&agency, &url) && !fields.is_https("url", &url) {
                return None;
            }
            TwoStep::RegisterReply(agency, url)
        }
        9 => {
            let (vehicle, place) = (fields.text("vehicle", 64), fields.text("place", 64));
            let minutes = fields.whole("minutes", 1, GUARD_MINUTES_MAX);
            TwoStep::GuardDuty(GuardDuty {
                vehicle: vehicle?,
                place: place?,
                minutes: minutes?,
            })
        }
        6 => TwoStep::CancelCorridor(fields.whole("corridor", 1, u32::MAX)?),
        _ => {
            let sites = city
                .sites
                .iter()
                .map(|site| (site.id.as_str(), site.id.clone()));
            let sites: Vec<(&str, String)> = sites.collect();
            let wanted = fields.words("sites", &sites);
            let lease_s = fields.whole("lease_s", 1, LEASE_MAX_S);
            TwoStep::ManySignals {
                flash: kind == 7,
                sites: wanted?,
                lease_s: lease_s?,
            }
        }
    })
}

/// An agency of the city: a slip in its name would make an account that sees and may do nothing.
fn agency(fields: &Fields<'_>, city: &CityStatic) -> Option<String> {
    let agency = fields.text("agency", 64)?;
    let known = city.agencies.is_empty() || city.agencies.contains(&agency);
    if !known {
        let why = format!("the city has no agency {agency}");
        fields.impossible("agency", &why, &city.agencies.join(", "));
    }
    known.then_some(agency)
}
