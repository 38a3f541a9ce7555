//! From text to a coherent [`System`], or to problems that name their place, their reason and a way out.

use std::collections::BTreeMap;
use std::ops::Range;

use super::file::{DatabaseKind, Meaning, Mode, PeopleTable, SystemFile};
use super::{
    Database, DeclaredAlarm, Objectives, People, Policy, RecoveryPolicy, RegionPolicy, Regions, System,
};
use crate::names::{Region, SELF_TEST};

mod region;
mod tier;

/// Something wrong with a system file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// Where, as byte offsets into the text.
    pub span: Range<usize>,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Problem {
    /// The line it begins on, counted from 1.
    pub fn line(&self, text: &str) -> usize {
        text.as_bytes()
            .iter()
            .take(self.span.start)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }
}

/// Reads and checks a system file.
///
/// # Errors
/// Every contradiction found, or the first place where the text is not a system file at all.
pub fn read(text: &str) -> Result<System, Vec<Problem>> {
    let file: SystemFile = toml::from_str(text).map_err(|error| vec![syntax(&error, text)])?;
    let problems = contradictions(&file);
    if problems.is_empty() {
        Ok(assemble(file))
    } else {
        Err(problems)
    }
}

fn syntax(error: &toml::de::Error, text: &str) -> Problem {
    let what = error.message().lines().next().unwrap_or_default().to_owned();
    let quoted: Vec<&str> = what.split('`').skip(1).step_by(2).collect();
    let unknown = what.starts_with("unknown field") || what.starts_with("unknown variant");
    let hint = match quoted.split_first() {
        Some((came, allowed)) if unknown => nearest(came, allowed).map_or_else(
            || format!("remove it, or use one of: {}", allowed.join(", ")),
            |name| format!("did you mean `{name}`?"),
        ),
        Some((name, _)) if what.starts_with("missing field") => {
            format!("add `{name} = …`; `evenkeel check --schema` prints every key with its meaning")
        }
        _ => "`evenkeel check --schema` prints what the file may hold".to_owned(),
    };
    Problem {
        span: error.span().unwrap_or(0..text.len().min(1)),
        what,
        hint,
    }
}

fn nearest<'a>(came: &str, allowed: &[&'a str]) -> Option<&'a str> {
    allowed
        .iter()
        .map(|name| (strsim::damerau_levenshtein(came, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// What serde cannot see: names that point nowhere, and promises that cannot be kept together.
fn contradictions(file: &SystemFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem =
        |span: Range<usize>, what: String, hint: String| problems.push(Problem { span, what, hint });

    if file.name.as_str() == SELF_TEST {
        problem(
            0..1,
            format!("`{SELF_TEST}` is what self-tests are called"),
            "give the system another name".to_owned(),
        );
    }

    let primary = file.regions.primary.get_ref();
    if let Some(standby) = &file.regions.standby
        && standby.get_ref() == primary
    {
        problem(
            standby.span(),
            format!("the standby Region is the primary Region, {primary}"),
            "name another Region, or leave `standby` out".to_owned(),
        );
    }

    let mut declared: BTreeMap<&str, Meaning> = BTreeMap::new();
    for alarm in &file.alarms {
        if declared.contains_key(alarm.name.get_ref().as_str()) {
            problem(
                alarm.name.span(),
                format!("the alarm `{}` is declared twice", alarm.name.get_ref()),
                "an alarm has one meaning: remove one of the two".to_owned(),
            );
        } else {
            declared.insert(alarm.name.get_ref(), alarm.means);
        }
    }

    let recovery = &file.policy.fail_over_database;
    for name in &recovery.confirmed_by {
        let alarm = name.get_ref().as_str();
        match declared.get(alarm) {
            Some(Meaning::UserImpact) => {}
            Some(_) => problem(
                name.span(),
                format!("`{alarm}` starts a recovery, so it cannot confirm one"),
                "a second signal must be independent: name an alarm that means `user-impact`".to_owned(),
            ),
            None => {
                let names: Vec<&str> = declared.keys().copied().collect();
                let hint = nearest(alarm, &names).map_or_else(
                    || "declare it in an [[alarms]] table".to_owned(),
                    |name| format!("did you mean `{name}`?"),
                );
                problem(name.span(), format!("no alarm `{alarm}` is declared"), hint);
            }
        }
    }
    if recovery.mode == Mode::Automatic && !declared.values().any(|means| *means == Meaning::DatabaseDown) {
        problem(
            file.database.kind.span(),
            "the database fails over by itself, but no alarm means `database-down`: nothing would ever start it".to_owned(),
            "declare one in [[alarms]], or set `mode = \"page\"` in [policy.fail-over-database]".to_owned(),
        );
    }

    let (rto, kind) = (*file.objectives.rto.get_ref(), *file.database.kind.get_ref());
    if rto <= kind.documented_failover() {
        problem(
            file.objectives.rto.span(),
            format!(
                "an RTO of {rto} cannot be met: AWS documents up to {} for a failover of {kind} alone",
                kind.documented_failover()
            ),
            format!(
                "{} leaves room to notice and to verify{}",
                suggested_rto(kind),
                faster(kind)
            ),
        );
    }
    if *recovery.cooldown.get_ref() < rto {
        // A default has no place in the file; the objective that contradicts it has.
        let span = if recovery.cooldown.span().is_empty() {
            file.objectives.rto.span()
        } else {
            recovery.cooldown.span()
        };
        problem(
            span,
            format!(
                "a cooldown of {} is shorter than the RTO of {rto}: a second failover could start before the first counts as failed",
                recovery.cooldown.get_ref()
            ),
            format!("set `cooldown` in [policy.fail-over-database] to {rto} or more"),
        );
    }

    topics(&file.people, primary, file, &mut problem);
    tier::contradictions(file, &mut problem);
    region::contradictions(file, &mut problem);
    problems
}

/// Topics live where the recoveries run that use them, and in the system's account.
fn topics(
    people: &PeopleTable,
    region: &Region,
    file: &SystemFile,
    problem: &mut impl FnMut(Range<usize>, String, String),
) {
    for topic in std::iter::once(&people.page).chain(&people.report) {
        if topic.get_ref().region() != region.as_str() {
            problem(
                topic.span(),
                format!(
                    "the topic lives in {}, the recoveries that use it run in {region}",
                    topic.get_ref().region()
                ),
                format!("a recovery must not depend on another Region: use a topic in {region}"),
            );
        }
        if topic.get_ref().account() != file.account.as_str() {
            problem(
                topic.span(),
                format!(
                    "the topic belongs to account {}, the system to {}",
                    topic.get_ref().account(),
                    file.account
                ),
                "use a topic of the system's own account; subscribe the other account to it".to_owned(),
            );
        }
    }
}

fn suggested_rto(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::MultiAzInstance => "5m",
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => "3m",
    }
}

fn faster(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::MultiAzInstance => "; a `multi-az-cluster` or `aurora` fails over faster",
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => "",
    }
}

fn assemble(file: SystemFile) -> System {
    let primary = file.regions.primary.into_inner();
    let standby = file.regions.standby.map(toml::Spanned::into_inner);
    let people = people(file.people);
    let database = Database {
        kind: file.database.kind.into_inner(),
        identifier: file.database.identifier,
        write_check: file.database.write_check,
    };
    let region_failover = match (&standby, file.region_failover) {
        (Some(standby), Some(table)) => Some(region::assemble(
            table.into_inner(),
            &primary,
            standby,
            &database,
            &people,
        )),
        _ => None,
    };
    System {
        name: file.name,
        account: file.account,
        alarms: file
            .alarms
            .into_iter()
            .map(|alarm| {
                let declared = DeclaredAlarm {
                    means: alarm.means,
                    watches: alarm.watches,
                    region: alarm
                        .region
                        .map_or_else(|| primary.clone(), toml::Spanned::into_inner),
                    zone: alarm.zone.map(toml::Spanned::into_inner),
                };
                (alarm.name.into_inner(), declared)
            })
            .collect(),
        regions: Regions { primary, standby },
        database,
        web: file.web.map(toml::Spanned::into_inner),
        deployments: file.deployments.map(toml::Spanned::into_inner),
        cache: file.cache,
        region_failover,
        objectives: Objectives {
            rto: file.objectives.rto.into_inner(),
            rpo: file.objectives.rpo,
            availability: file.objectives.availability,
        },
        policy: Policy {
            others: tier::policies(&file.policy),
            blame_deployment_within: file.policy.roll_back_deployment.blame_within,
            replacements_per_hour: file.policy.replace_instances.per_hour,
            page_after: file.policy.page_after,
            signal_max_age: file.policy.signal_max_age,
            fail_over_database: RecoveryPolicy {
                mode: file.policy.fail_over_database.mode,
                cooldown: file.policy.fail_over_database.cooldown.into_inner(),
                confirmed_by: file
                    .policy
                    .fail_over_database
                    .confirmed_by
                    .into_iter()
                    .map(toml::Spanned::into_inner)
                    .collect(),
            },
            fail_over_region: RegionPolicy {
                mode: file.policy.fail_over_region.mode,
                cooldown: file.policy.fail_over_region.cooldown.into_inner(),
                window: file.policy.fail_over_region.window,
            },
        },
        people,
    }
}

fn people(table: PeopleTable) -> People {
    let page = table.page.into_inner();
    People {
        report: table
            .report
            .map_or_else(|| page.clone(), toml::Spanned::into_inner),
        page,
    }
}

#[cfg(test)]
mod tests;
