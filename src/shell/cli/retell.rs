//! A replayed journal in words: what happened to corridors, what a signal showed and why.

use core::fmt::Write;

use super::Failure;
use super::args::Replay;
use super::out::say;
use crate::corridor::{AskedBy, CorridorEvent, CorridorPlan, Corridors, CrossingView, What};
use crate::ids::SiteId;
use crate::journal::ReplayStep;
use crate::plan::CheckedSite;
use crate::policy::{PolicyKind, Why, Wish};
use crate::signal::GroupSet;
use crate::units::Mono;

/// What is told of a signal, and in which second.
type Told = (u64, GroupSet, Wish, Option<(PolicyKind, Why)>);

/// Tells what was asked for while a journal is replayed.
#[derive(Debug)]
pub(super) struct Retelling<'a> {
    events: bool,
    signal: Option<&'a str>,
    found: bool,
    /// What was told last of the signal.
    told: Option<Told>,
}

impl<'a> Retelling<'a> {
    pub(super) fn new(options: &'a Replay) -> Self {
        Self {
            events: options.events,
            signal: options.signal.as_deref(),
            found: false,
            told: None,
        }
    }

    pub(super) fn tell(&mut self, step: &ReplayStep<'_>) {
        if self.events {
            for event in step.city.corridors().events() {
                let what = told(event, step);
                say(&format!("{} {} {what}", clock(event.at), event.corridor));
            }
        }
        if let Some(signal) = self.signal {
            self.tell_signal(signal, step);
        }
    }

    /// Once a second, and whenever what shows or what is wanted has changed.
    fn tell_signal(&mut self, signal: &str, step: &ReplayStep<'_>) {
        let plans = step.city.plans();
        let Some(at) = plans.iter().position(|plan| plan.id == signal) else {
            return;
        };
        self.found = true;
        let Some((state, last)) = step.city.sites().get(at).and_then(|s| Some((s, s.last()?)))
        else {
            return;
        };
        let second = step.inputs.now.as_ms() / 1000;
        let (winner, benched) = (last.decision.winner, last.decision.benched);
        let told = Some((second, state.kernel().go_set(), winner, benched));
        if told != self.told {
            self.told = told;
            if let Some(line) = signal_line(at, step) {
                say(&line);
            }
        }
    }

    /// After the last cycle: a signal nobody knows is a usage error.
    pub(super) fn ended(&self) -> Result<(), Failure> {
        match self.signal {
            Some(signal) if !self.found => Err(Failure::Usage(format!(
                "the journal has no signal {signal}; signals are named as in the site files, as J06"
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

fn told(event: &CorridorEvent, step: &ReplayStep<'_>) -> String {
    let name = |site: SiteId| {
        let plan = step.city.plans().get(site.index());
        plan.map_or("?", |plan| plan.id.as_str())
    };
    match event.what {
        What::Opened(revision) => {
            let mission = step.city.corridors().mission(event.corridor);
            let by = mission.map_or_else(String::new, |mission| asked_by(mission.plan()));
            format!("opened, plan {revision}{by}")
        }
        What::Replaced(revision) => format!("runs plan {revision}"),
        What::Cancelled(why) => format!("cancelled: {why:?}"),
        What::Mission(from, to) => format!("{} -> {}", from.word(), to.word()),
        What::Crossing(site, from, to) => {
            format!("{} {} -> {}", name(site), from.word(), to.word())
        }
        What::Leased(site, groups, step_of) => {
            let plan = step.city.plans().get(site.index());
            let groups = plan.map_or_else(String::new, |plan| names(plan, groups));
            format!("{} leased {groups}, {step_of:?}", name(site))
        }
        What::LeaseEnded(site, why) => format!("{} lease ended: {why:?}", name(site)),
        What::Passed(site, green, held) => {
            let green = if green { "green" } else { "not green" };
            format!("{} passed, {green} in time, held {held}", name(site))
        }
        What::Late(site, by) => format!("{} late by {by}", name(site)),
        What::Strayed => "left its route: a new plan is asked for".to_owned(),
        What::Blocked(site) => format!("{} nothing moves: a way round is asked for", name(site)),
        What::ExpectRed(site, first, wait) => {
            let name = name(site);
            format!("{name} expect red: corridor {first} goes first, a wait of {wait}")
        }
        What::TakenOut(site) => format!("{} taken out", name(site)),
        What::FixRefused(why) => format!("position refused: {why:?}"),
    }
}

/// Whose vehicle it is for, who pressed and why, as far as it is known.
fn asked_by(plan: &CorridorPlan) -> String {
    let mut text = format!(", for {}", plan.vehicle);
    let AskedBy {
        agency,
        operator,
        incident,
    } = &plan.asked_by;
    for (word, id) in [
        ("of", agency),
        ("by operator", operator),
        ("incident", incident),
    ] {
        if !id.is_empty() {
            let _cannot_fail = write!(text, ", {word} {id}");
        }
    }
    text
}

/// One signal at one moment: what shows, who decided, and what corridors expect of it.
fn signal_line(at: usize, step: &ReplayStep<'_>) -> Option<String> {
    let city = step.city;
    let (plan, state) = (city.plans().get(at)?, city.sites().get(at)?);
    let decision = &state.last()?.decision;
    let winner = decision.winner;
    let mut line = format!(
        "{} {} {:?} green {}; {:?} wants {} ({:?})",
        clock(step.inputs.now),
        plan.id,
        state.kernel().mode(),
        names(plan, state.kernel().go_set()),
        winner.source,
        names(plan, winner.groups),
        winner.reason,
    );
    if let Some((kind, why)) = decision.benched {
        let _cannot_fail = write!(line, "; {kind:?} lost its turn: {why:?}");
    }
    if let Some(rung) = decision.rung {
        let _cannot_fail = write!(line, "; level {}", rung.level.word());
        if let Some(why) = rung.dropped {
            let _cannot_fail = write!(line, " instead of {} ({why:?})", rung.planned.word());
        }
    }
    let demands = state.detection().demands();
    for group in demands.all().difference(state.kernel().go_set()) {
        let name = plan.groups.get(group.index()).map(|info| &info.name);
        if let Some(name) = name {
            let waited = demands.waited(group, step.inputs.now);
            let _cannot_fail = write!(line, "; {name} waits {waited}");
        }
    }
    let site = SiteId::new(u16::try_from(at).ok()?);
    for (corridor, view) in crossings(city.corridors(), site, step.inputs.now) {
        let _cannot_fail = write!(
            line,
            "; {corridor} {} eta {} +-{} start {} queue {}",
            view.state.word(),
            clock(view.eta),
            view.eta_err,
            clock(view.start),
            view.queue
        );
    }
    Some(line)
}

fn crossings(
    corridors: &Corridors,
    site: SiteId,
    now: Mono,
) -> impl Iterator<Item = (crate::ids::CorridorId, CrossingView)> + '_ {
    corridors.missions().flat_map(move |mission| {
        let all = 0..mission.plan().crossings.len();
        let views = all.filter_map(move |at| mission.crossing_view(at, now));
        let here = views.filter(move |view| view.site == site && view.passed_at.is_none());
        here.map(|view| (mission.plan().corridor, view))
    })
}

fn names(plan: &CheckedSite, groups: GroupSet) -> String {
    let names = groups.iter().filter_map(|g| plan.groups.get(g.index()));
    let names: Vec<&str> = names.map(|group| group.name.as_str()).collect();
    format!("[{}]", names.join(" "))
}

fn clock(at: Mono) -> String {
    format!("{}.{} s", at.as_ms() / 1000, at.as_ms() % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::{Command, CycleInputs};
    use crate::corridor::PlanRequest;
    use crate::detect::FieldInputs;
    use crate::ids::CorridorId;
    use crate::journal::{MAGIC, RecordKind, Recorder, push_record, push_snapshot, replay};
    use crate::shell::cli::corridor::prepared;
    use crate::shell::cli::load::load_demo;
    use crate::shell::cli::station::new_city;
    use crate::shell::planner::Planner;
    use crate::units::{CivilTime, Length, TICK};

    /// The journal alone tells who pressed the key, for which vehicle and which incident.
    #[test]
    fn a_journal_tells_who_pressed() {
        let loaded = load_demo().ok().unwrap();
        let mission = prepared(&loaded, "demo").ok().unwrap();
        let planner = Planner {
            city: loaded.city.clone().into(),
            graph: loaded.graph.clone().into(),
        };
        let size = planner.size_of(mission.class);
        let route = planner.route((mission.from, mission.to), size).unwrap();
        let request = PlanRequest {
            corridor: CorridorId::new(1),
            revision: 1,
            vehicle: "A120".to_owned(),
            asked_by: AskedBy {
                agency: "ems".to_owned(),
                operator: "op-7".to_owned(),
                incident: "inc-42".to_owned(),
            },
            class: mission.class,
            preempts: true,
            priority: 1,
            convoy: Length::from_metres(6),
            pace_percent: 120,
            expires: Mono::from_ms(600_000),
            departs: None,
        };
        let plan = planner.corridor(&route, request).unwrap();
        let mut city = new_city(&loaded);
        let fields = vec![FieldInputs::default(); city.sites().len()];
        let mut journal = MAGIC.to_vec();
        assert!(push_snapshot(&mut journal, &city));
        let inputs = CycleInputs {
            now: Mono::ZERO + TICK,
            civil: CivilTime::default(),
            fields: &fields,
            commands: &[Command::OpenCorridor(plan.into())],
        };
        city.cycle(&inputs);
        let mut payload = Vec::new();
        Recorder::new(fields.len()).push_cycle(&mut payload, &inputs, &city);
        push_record(&mut journal, RecordKind::Cycle, &payload);

        let mut lines = Vec::new();
        let done = replay(&journal, |step| {
            let events = step.city.corridors().events();
            lines.extend(events.iter().map(|event| told(event, step)));
        });
        done.unwrap();
        let opened = "opened, plan 1, for A120, of ems, by operator op-7, incident inc-42";
        assert!(lines.contains(&opened.to_owned()), "{lines:?}");
    }
}
