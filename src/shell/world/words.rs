//! Sentences for people, in both languages.

use crate::corridor::Advice as Worth;
use crate::detect::PictureSource;
use crate::ids::{GroupId, StageId};
use crate::kernel::{Concern, Fault, FaultKind};
use crate::plan::CheckedSite;
use crate::policy::{Dropped, Exit, Limit, PolicyKind, Reason};
use crate::shell::dispatch::world::Names;
use crate::units::Millis;

/// Why the winner of a cycle wanted what it wanted.
#[expect(
    clippy::too_many_lines,
    reason = "one sentence in two languages for each reason"
)]
pub(super) fn reason(site: &CheckedSite, reason: Reason) -> Names {
    let stage = |id: StageId| {
        site.stages
            .get(id.index())
            .map_or_else(|| id.to_string(), |stage| stage.name.clone())
    };
    let group = |id: GroupId| {
        site.groups
            .get(id.index())
            .map_or_else(|| id.to_string(), |group| group.name.clone())
    };
    let s = |time: Millis| time.as_ms() / 1000;
    match reason {
        Reason::Hold => Names::new("保持当前放行", "what runs goes on"),
        Reason::StageMin(id) => Names::new(
            format!("阶段 {} 最短绿灯未到", stage(id)),
            format!("stage {} has not had its shortest green", stage(id)),
        ),
        Reason::Extending(id) => Names::new(
            format!("{} 仍有车辆，延长绿灯", group(id)),
            format!("vehicles still use {}: extended", group(id)),
        ),
        Reason::Walking(id) => Names::new(
            format!("{} 行人过街", group(id)),
            format!("walkers on {}", group(id)),
        ),
        Reason::GapOut(id) => Names::new(
            format!("阶段 {} 无车，其他方向有请求", stage(id)),
            format!("stage {} is empty and others wait", stage(id)),
        ),
        Reason::MaxOut(id) => Names::new(
            format!("阶段 {} 达到最大绿灯", stage(id)),
            format!("stage {} has had its longest green", stage(id)),
        ),
        Reason::Split(id) => Names::new(
            format!("方案时钟在阶段 {}", stage(id)),
            format!("the plan's clock stands in stage {}", stage(id)),
        ),
        Reason::Window(id) => Names::new(
            format!("协调阶段 {} 的绿波窗口", stage(id)),
            format!("the coordinated stage {} holds its window", stage(id)),
        ),
        Reason::Rest(id) => Names::new(
            format!("无其他请求，停留在阶段 {}", stage(id)),
            format!("nobody waits elsewhere: rests in stage {}", stage(id)),
        ),
        Reason::Serving(id) => Names::new(
            format!("已知到达车辆在阶段 {} 延误最小", stage(id)),
            format!(
                "going on with stage {} delays the known arrivals least",
                stage(id)
            ),
        ),
        Reason::LessDelay(id) => Names::new(
            format!("切换到阶段 {} 总延误最小", stage(id)),
            format!(
                "changing to stage {} delays the known arrivals least",
                stage(id)
            ),
        ),
        Reason::WalkDue(id, bound) => Names::new(
            format!("{} 行人等待将达 {} 秒上限", group(id), s(bound)),
            format!(
                "the walk of {} is due before its bound of {} s",
                group(id),
                s(bound)
            ),
        ),
        Reason::WaitDue(id, bound) => Names::new(
            format!("{} 等待将达 {} 秒上限", group(id), s(bound)),
            format!("{} is due before its bound of {} s", group(id), s(bound)),
        ),
        Reason::Corridor(id) => Names::new(
            format!("绿波护航 {id} 放行"),
            format!("held for corridor {id}"),
        ),
        Reason::CorridorNear(id) => Names::new(
            format!("绿波护航 {id} 临近，不再启动冲突放行"),
            format!("corridor {id} is near: nothing hostile is newly started"),
        ),
        Reason::Manual => Names::new("人工控制", "held by the operator"),
        Reason::Recovering(exit) => {
            let (zh, en) = exit_words(exit);
            Names::new(
                format!("绿波护航后恢复：{zh}"),
                format!("back into step after a corridor: {en}"),
            )
        }
        Reason::LocalPanel => Names::new("现场手动面板", "a person works the panel at the cabinet"),
    }
}

/// An exit from a corridor's hold.
pub(super) const fn exit_words(exit: Exit) -> (&'static str, &'static str) {
    match exit {
        Exit::Return => ("立即回到协调相位", "the plan's clock at once"),
        Exit::Starved => ("等待最久者优先", "who is starved first"),
        Exit::Shortway => ("短路径过渡", "the short way round"),
        Exit::Smooth => ("平滑过渡", "smoothly"),
        Exit::Dwell => ("停留在协调相位", "dwelling in the coordinated stage"),
        Exit::Free => ("按排队放行", "by queues until they are short"),
        Exit::Own => ("由现行方案自行恢复", "the plan's own control finds it"),
    }
}

/// The policy that won, as a stable word.
pub(super) const fn winner(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Fallback => "fallback",
        PolicyKind::Fixed => "fixed",
        PolicyKind::Actuated => "actuated",
        PolicyKind::Coordinated => "coordinated",
        PolicyKind::Trimmed => "trimmed",
        PolicyKind::Adaptive => "adaptive",
        PolicyKind::Recovery => "recovery",
        PolicyKind::MaxWait => "max-wait",
        PolicyKind::Corridor => "corridor",
        PolicyKind::CorridorBound => "corridor-bound",
        PolicyKind::Manual => "manual",
        PolicyKind::LocalPanel => "local-panel",
    }
}

/// A policy that lost its turn.
pub(super) fn benched(kind: PolicyKind) -> Names {
    let word = winner(kind);
    Names::new(
        format!("策略 {word} 出错，暂停使用 60 秒"),
        format!("{word} went wrong and is not asked for 60 s"),
    )
}

/// What left adaptive control no free choice, if something did.
pub(super) fn limit(site: &CheckedSite, limit: Limit) -> Option<Names> {
    let group = |id: GroupId| {
        let info = site.groups.get(id.index());
        info.map_or_else(|| id.to_string(), |info| info.name.clone())
    };
    match limit {
        Limit::None => None,
        Limit::RedNear(id) => Some(Names::new(
            format!("{} 红灯将达上限，下一个放行", group(id)),
            format!("{} is near its longest red: it comes next", group(id)),
        )),
        Limit::RedMax(id) => Some(Names::new(
            format!("{} 红灯已达上限，立即放行", group(id)),
            format!("{} has had its longest red: it comes now", group(id)),
        )),
        Limit::GreenMax(id) => {
            let info = site.stages.get(id.index());
            let stage = info.map_or_else(|| id.to_string(), |info| info.name.clone());
            Some(Names::new(
                format!("阶段 {stage} 已达方案规定的最长绿灯"),
                format!("stage {stage} has had the longest green of its plan"),
            ))
        }
    }
}

/// Why a plan runs on a lower rung than its file says.
pub(super) fn dropped(why: Dropped) -> Names {
    match why {
        Dropped::Detectors(faulty, all) => Names::new(
            format!("{all} 个检测器中 {faulty} 个不可信"),
            format!("{faulty} of {all} detectors cannot be believed"),
        ),
        Dropped::Picture => Names::new(
            "没有来车信息，或信息过旧",
            "nobody tells who comes, or the news is too old",
        ),
        Dropped::Policy => Names::new(
            "上一级策略失去控制权",
            "the policy of the higher level lost its turn",
        ),
        Dropped::Shadow => Names::new(
            "影子模式：只决策，不执行",
            "shadow mode: it decides and does not act",
        ),
    }
}

/// Who tells about arrivals, as a stable word.
pub(super) const fn source(source: PictureSource) -> &'static str {
    match source {
        PictureSource::None => "none",
        PictureSource::Loops => "loops",
        PictureSource::Area => "area",
    }
}

/// A fault, with the groups it speaks of.
pub(super) fn fault(site: &CheckedSite, fault: &Fault) -> Names {
    let group = |id: GroupId| {
        site.groups
            .get(id.index())
            .map_or_else(|| id.to_string(), |group| group.name.clone())
    };
    match fault.kind {
        FaultKind::CabinetLost => Names::new("信号机失联", "the cabinet is lost to us"),
        FaultKind::CabinetRestarted => Names::new("信号机重启", "the cabinet restarted"),
        FaultKind::LocalManual => Names::new("现场手动", "worked by hand at the cabinet"),
        FaultKind::MonitorTripped => Names::new("硬件监视器动作", "the hardware monitor tripped"),
        FaultKind::WrongGreen(id) => Names::new(
            format!("{} 不应有绿灯", group(id)),
            format!("green read back on {} that should not have it", group(id)),
        ),
        FaultKind::HostileGreens(a, b) => Names::new(
            format!("{} 与 {} 绿冲突", group(a), group(b)),
            format!("hostile greens read back: {} and {}", group(a), group(b)),
        ),
        FaultKind::WrongLamp(id) => Names::new(
            format!("{} 灯色不符", group(id)),
            format!("wrong lamps on {}", group(id)),
        ),
        FaultKind::RedLost(id) => Names::new(
            format!("{} 红灯不亮", group(id)),
            format!("red of {} is out", group(id)),
        ),
        FaultKind::LampOut(id) => Names::new(
            format!("{} 灯泡故障", group(id)),
            format!("a lamp of {} is out", group(id)),
        ),
        FaultKind::InternalConflict(a, b) => Names::new(
            format!("内核自检：{} 与 {}", group(a), group(b)),
            format!(
                "the kernel's own last look stopped {} and {}",
                group(a),
                group(b)
            ),
        ),
        FaultKind::ClockStuck => Names::new("时钟未前进", "the clock did not move on"),
        FaultKind::ClockLost => Names::new("时钟失效", "the clock stands still"),
        FaultKind::Reported(Concern::PolicyFailed) => Names::new(
            "配时策略失效，改由下一级方案运行",
            "the plan's policy failed; the plan runs without it",
        ),
        FaultKind::Reported(concern) => Names::new(
            format!("程序报告：{concern:?}"),
            format!("reported: {concern:?}"),
        ),
    }
}

/// Whether a press is worth it, in a sentence with its figures.
#[must_use]
pub fn advice(worth: Worth, saved: Millis, price_vehicle_s: i64) -> (String, Names) {
    let saved_s = saved.as_ms() / 1000;
    match worth {
        Worth::WorthIt => ("worth-it".to_owned(), bargain(saved_s, price_vehicle_s)),
        Worth::NotWorth if saved_s < 5 => (
            "not-worth".to_owned(),
            Names::new(
                format!("仅节省 {saved_s} 秒，不值得启动"),
                format!("saves {saved_s} s: not worth pressing"),
            ),
        ),
        Worth::NotWorth => (
            "too-dear".to_owned(),
            Names::new(
                format!("节省 {saved_s} 秒，他人多等 {price_vehicle_s} 车·秒，代价过高"),
                format!(
                    "saves {saved_s} s, costs others {price_vehicle_s} vehicle-seconds: too dear"
                ),
            ),
        ),
        Worth::LateBy(late) => {
            let (late, all) = (late.as_ms() / 1000, bargain(saved_s, price_vehicle_s));
            (
                "late".to_owned(),
                Names::new(
                    format!("首个路口将晚 {late} 秒放行；{}", all.zh),
                    format!("the first signal will be late by {late} s; {}", all.en),
                ),
            )
        }
    }
}

/// What one gains and the others pay.
fn bargain(saved_s: u32, price_vehicle_s: i64) -> Names {
    if price_vehicle_s < 0 {
        let spared = price_vehicle_s.unsigned_abs();
        return Names::new(
            format!("节省 {saved_s} 秒，他人合计也少等 {spared} 车·秒"),
            format!("saves {saved_s} s, and spares others {spared} vehicle-seconds"),
        );
    }
    Names::new(
        format!("节省 {saved_s} 秒，他人多等 {price_vehicle_s} 车·秒"),
        format!("saves {saved_s} s, costs others {price_vehicle_s} vehicle-seconds"),
    )
}

/// The signal behind the destination is opened too.
pub(super) fn behind_destination() -> Names {
    Names::new(
        "目的地前方路口的排队已至目的地，届时仍如此则一并放行",
        "its queue reaches the destination: if it still does then, it is opened too",
    )
}

/// The signal behind the destination is held for the vehicle.
pub(super) fn opened_behind(site: &str) -> Names {
    Names::new(
        format!("{site}（目的地前方路口）正在放行，清空目的地前的排队"),
        format!("{site}, behind the destination, is opened: its queue stands there"),
    )
}

/// Another corridor wants the same signal at the same time.
pub(super) fn clash(other_first: bool, corridor: u32) -> Names {
    if other_first {
        Names::new(
            format!("绿波护航 {corridor} 优先，预计红灯"),
            format!("corridor {corridor} goes first: expect red"),
        )
    } else {
        Names::new(
            format!("先于绿波护航 {corridor} 放行，对方将遇红灯"),
            format!("goes before corridor {corridor}, which will meet red"),
        )
    }
}
