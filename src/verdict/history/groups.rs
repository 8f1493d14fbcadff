//! Which runs belong into one series: those that measured the same on the same machine. What else changes from one run to the
//! next is named where it does.

use super::{Question, Refusal, in_words};
use crate::result::history::{Group, Turn};
use crate::result::summary::Summary;

/// A run that can be used.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) dir: String,
    pub(super) summary: Summary,
}

/// Why a result is no part of any history.
pub(super) fn unusable(summary: &Summary) -> Option<String> {
    if !summary.valid {
        let reason = summary.invalid_reasons.first().map_or("no reason was recorded", String::as_str);
        return Some(format!("not valid: {reason}"));
    }
    if summary.same_answer.is_some_and(|answers| !answers.equal) {
        return Some("the answers of its variants differ".to_owned());
    }
    let cut = if summary.interrupted { "interrupted" } else { "cut off" };
    is_cut_short(summary).then(|| format!("partial: the run was {cut} before its last round"))
}

/// Whether rounds never came. A slice that failed makes a run partial as well, but not shorter: whether enough rounds are left
/// was judged with the run.
fn is_cut_short(summary: &Summary) -> bool {
    let came: usize = summary.variants.iter().map(|variant| variant.rounds.len()).sum();
    // Summaries of the first versions do not say how many were planned.
    let planned = summary.rounds as usize * summary.variants.len();
    summary.partial && (summary.interrupted || planned == 0 || came < planned)
}

fn group_of(summary: &Summary) -> Group {
    Group {
        workload: summary.workload.clone(),
        workload_hash: summary.workload_hash.clone(),
        topology_hash: summary.topology_hash.clone(),
        machine: summary.machine.clone(),
        null_target: summary.null_target,
        runs: 0,
    }
}

/// The group that is shown, its runs in the order of time, and the other groups, the largest first.
pub(super) fn groups(
    mut members: Vec<Member>,
    question: &Question,
) -> Result<(Group, Vec<Member>, Vec<Group>), Refusal> {
    // Of the same second the folders' names decide, which hold the time as well.
    members.sort_by(|a, b| (&a.summary.started_at, &a.dir).cmp(&(&b.summary.started_at, &b.dir)));
    let mut groups: Vec<Group> = Vec::new();
    for member in &members {
        let mut group = group_of(&member.summary);
        match groups.iter().position(|known| Group { runs: 0, ..known.clone() } == group) {
            // The newest stands last, so that of two as large the newer one is shown.
            Some(at) => {
                group.runs = groups.remove(at).runs + 1;
                groups.push(group);
            }
            None => groups.push(Group { runs: 1, ..group }),
        }
    }
    groups.reverse();
    groups.sort_by_key(|group| std::cmp::Reverse(group.runs));
    let Question { workload, machine, hash, force, .. } = question;
    let wanted = |group: &Group| {
        workload.as_ref().is_none_or(|name| *name == group.workload)
            && machine.as_ref().is_none_or(|name| *name == group.machine)
            && hash.as_ref().is_none_or(|hash| group.workload_hash.starts_with(hash.as_str()))
    };
    let Some(shown) = groups.iter().find(|group| wanted(group)).cloned() else {
        return Err(Refusal::NoSuch { wanted: asked(question), there: groups.iter().map(in_words).collect() });
    };
    let belongs = |group: &Group| match force {
        true => group.workload == shown.workload && wanted(group),
        false => Group { runs: 0, ..group.clone() } == Group { runs: 0, ..shown.clone() },
    };
    let kept: Vec<Member> = members.into_iter().filter(|member| belongs(&group_of(&member.summary))).collect();
    let newest = kept.last().map_or_else(|| shown.clone(), |member| group_of(&member.summary));
    let group = Group { runs: kept.len() as u32, ..newest };
    groups.retain(|group| !belongs(group));
    Ok((group, kept, groups))
}

fn asked(question: &Question) -> String {
    let mut parts: Vec<String> = vec![
        question.workload.as_ref().map_or_else(|| "any workload".to_owned(), |name| format!("workload \"{name}\"")),
    ];
    parts.extend(question.machine.iter().map(|machine| format!("on machine \"{machine}\"")));
    parts.extend(question.hash.iter().map(|hash| format!("with a workload hash that begins with \"{hash}\"")));
    parts.join(" ")
}

/// In what each run is unlike the one before it.
pub(super) fn turns(members: &[Member]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (index, pair) in members.windows(2).enumerate() {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let facts = |summary: &Summary| {
            [
                ("dbbench", summary.dbbench_version.clone()),
                ("servers", summary.servers.join(", ")),
                ("machine", summary.machine.clone()),
                ("workload_hash", short(&summary.workload_hash)),
                ("topology_hash", short(&summary.topology_hash)),
                ("baseline", summary.baseline.clone()),
                ("seed", summary.seed.to_string()),
                ("target", if summary.null_target { "the null target" } else { "a server" }.to_owned()),
            ]
        };
        let (before, after) = (facts(&pair[0].summary), facts(&pair[1].summary));
        for ((what, before), (_, value)) in before.into_iter().zip(after) {
            if before != value {
                turns.push(Turn { run: index + 1, what: what.to_owned(), value, before });
            }
        }
    }
    turns
}
