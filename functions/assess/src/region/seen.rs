//! What was observed of both Regions, for people: in AWS's words, with its numbers.

use database::region::isolation::{State, isolated};
use domain::steps::region::CapacityAssessment;

use super::facts::{Facts, Source, Unknown};
use super::healing;
use crate::judge::Written;

/// Running On-Demand Standard instances, in vCPUs. Source: Service Quotas, service `ec2`.
pub(super) const VCPU_QUOTA: &str = "L-1216C47A";

/// What was observed, in AWS's words, one sentence each.
pub(super) fn sentences(facts: &Facts<'_>, capacity: CapacityAssessment) -> Vec<String> {
    let (to, from) = (facts.moved.to, facts.moved.from);
    let mut seen = facts.signals.spoken();
    seen.extend(healing::spoken(facts));
    seen.push(match &facts.written {
        Written::Yes => format!("{}: the write check stored a value and read it back", from.region),
        Written::No { seen } => format!("{}: the write check failed: {seen}", from.region),
    });
    seen.push(match &facts.source {
        Source::Answered(half) => format!("RDS in {} describes {half}", from.region),
        Source::Silent(why) => format!("RDS in {} does not answer: {why}", from.region),
        Source::Unknown(why) => why.clone(),
    });
    if let Some(global) = &facts.global {
        seen.push(format!("RDS in {} describes {global}", to.region));
    }
    if let Some(half) = &facts.target {
        seen.push(format!("RDS in {} describes {half}", to.region));
        if isolated(&half.groups, &to.isolation) != State::Undone {
            seen.push(format!(
                "{} is cut off by {}, and is opened before it is promoted",
                half.identifier, to.isolation.isolating_security_group
            ));
        }
    }
    seen.extend(versions(facts));
    seen.push(match &facts.lag {
        Ok(measured) => measured.to_string(),
        Err(Unknown(why)) => format!("the lag is not known: {why}"),
    });
    if let Some(Err(Unknown(why))) = &facts.users_are_here {
        seen.push(format!(
            "a value written through {} does not arrive in {}: {why}",
            facts.moved.shared.hostname, to.region
        ));
    }
    seen.push(format!(
        "group {} in {}: {}",
        to.web.group, to.region, facts.group
    ));
    seen.push(match &facts.targets {
        Ok(targets) => format!("its targets: {targets}"),
        Err(Unknown(why)) => format!("its targets are not known: {why}"),
    });
    seen.push(match &facts.source_in_service {
        Ok(served) => format!("group {} in {}: {served} InService", from.web.group, from.region),
        Err(Unknown(why)) => format!("group {} in {} is not known: {why}", from.web.group, from.region),
    });
    let served = capacity.source_in_service.unwrap_or(0);
    seen.push(if served > to.web.max_instances {
        format!(
            "{} instances needed: {} had {served}, and the system's limit is {}",
            capacity.needed, from.region, to.web.max_instances
        )
    } else {
        format!("{} instances needed", capacity.needed)
    });
    if let Some(wanted) = facts.vcpus(capacity.needed) {
        match &facts.quota {
            Some(Ok(quota)) => seen.push(format!(
                "quota {VCPU_QUOTA} in {}: {quota} vCPUs, {wanted} needed",
                to.region
            )),
            Some(Err(Unknown(why))) => seen.push(format!("quota {VCPU_QUOTA} is not known: {why}")),
            None => {}
        }
    }
    seen
}

/// AWS hands over, and fails over, only between clusters of one version, patch level included; exceptions are few.
/// Source: Aurora User Guide, aurora-global-database-disaster-recovery, "compatibility".
fn versions(facts: &Facts<'_>) -> Option<String> {
    let target = facts.target.as_ref()?;
    let source = match (&facts.source, &facts.global) {
        (Source::Answered(half), _) => half.version.as_str(),
        (Source::Silent(_) | Source::Unknown(_), Some(global)) => global.version.as_str(),
        (Source::Silent(_) | Source::Unknown(_), None) => return None,
    };
    (source != target.version).then(|| {
        format!(
            "the engine versions differ, {source} and {}: AWS may refuse",
            target.version
        )
    })
}
