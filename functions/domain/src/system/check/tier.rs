//! Checks of what recoveries inside the primary Region need.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::OtherPolicy;
use super::super::file::{Meaning, PolicyTable, SystemFile};
use crate::names::Recovery;

/// What an alarm needs, so that something can follow from it.
fn needs(means: Meaning) -> Option<(&'static str, &'static str)> {
    match means {
        Meaning::ZoneImpaired => Some((
            "web",
            "what serves users: its group, target group, load balancer and zones",
        )),
        Meaning::InstancesUnhealthy | Meaning::LoadHigh => {
            Some(("web", "what serves users: its group and target group"))
        }
        Meaning::CacheDown => Some(("cache", "the replication group")),
        Meaning::DatabaseDown | Meaning::UserImpact | Meaning::RegionDown => None,
    }
}

pub(super) fn contradictions(file: &SystemFile, problem: &mut impl FnMut(Range<usize>, String, String)) {
    for alarm in &file.alarms {
        let name = alarm.name.get_ref();
        let missing = needs(alarm.means).filter(|(table, _)| match *table {
            "web" => file.web.is_none(),
            _ => file.cache.is_none(),
        });
        if let Some((table, what)) = missing {
            problem(
                alarm.name.span(),
                format!(
                    "`{name}` means `{}`, and there is no [{table}] to recover",
                    alarm.means
                ),
                format!("add a table [{table}] with {what}"),
            );
        }
        match (&alarm.zone, alarm.means) {
            (None, Meaning::ZoneImpaired) => problem(
                alarm.name.span(),
                format!("`{name}` means `zone-impaired` and does not say which zone"),
                "add `zone = \"…\"`, the Availability Zone that its metric is about".to_owned(),
            ),
            (Some(zone), Meaning::ZoneImpaired) => {
                let known = file.web.as_ref().map(|web| &web.get_ref().zones);
                if let Some(zones) = known
                    && !zones.contains_key(zone.get_ref())
                {
                    problem(
                        zone.span(),
                        format!("{} is not among the zones of [web]", zone.get_ref()),
                        "add it to `zones`, with its zone ID".to_owned(),
                    );
                }
            }
            (Some(zone), means) => problem(
                zone.span(),
                format!("`{name}` means `{means}`, which is not about one zone"),
                "remove `zone`, or let it mean `zone-impaired`".to_owned(),
            ),
            (None, _) => {}
        }
    }
    web(file, problem);
}

fn web(file: &SystemFile, problem: &mut impl FnMut(Range<usize>, String, String)) {
    let Some(spanned) = &file.web else {
        if let Some(deployments) = &file.deployments {
            problem(
                deployments.span(),
                "[deployments] without [web]: nothing could tell whether a rollback helped".to_owned(),
                "add a table [web] with the group and target group that is deployed to".to_owned(),
            );
        }
        return;
    };
    let web = spanned.get_ref();
    if web.instances == 0 || web.max_instances < web.instances {
        problem(
            spanned.span(),
            format!(
                "`instances` is {} and `max-instances` {}: at least one has to serve, and the maximum is no less",
                web.instances, web.max_instances
            ),
            "write how many instances serve all users, and how many there may be".to_owned(),
        );
    }
    let primary = file.regions.primary.get_ref();
    let arns = std::iter::once(&web.target_group).chain(&web.load_balancer);
    for arn in arns {
        let mut parts = arn.split(':');
        let placed = parts.nth(2) == Some("elasticloadbalancing")
            && parts.next() == Some(primary.as_str())
            && parts.next() == Some(file.account.as_str());
        if !placed {
            problem(
                spanned.span(),
                format!(
                    "{arn} is not an ARN of Elastic Load Balancing in {primary} and account {}",
                    file.account
                ),
                "copy it from `aws elbv2 describe-target-groups` or `describe-load-balancers`".to_owned(),
            );
        }
    }
    for zone in web.zones.keys().chain(web.subnets.keys()) {
        let letter = zone.0.strip_prefix(primary.as_str());
        if !letter.is_some_and(|letter| letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_lowercase())) {
            problem(
                spanned.span(),
                format!("{zone} is not a zone of {primary}"),
                format!("zones are named like `{primary}a`; the ID is the value: `{primary}a = \"…-az1\"`"),
            );
        }
    }
    if let Some(table) = &file.region_failover {
        let other = table.get_ref().primary.web.get_ref();
        if (&other.group, &other.target_group) != (&web.group, &web.target_group) {
            problem(
                spanned.span(),
                "[web] and [region-failover.primary.web] name different groups".to_owned(),
                "both are about what serves users in the primary Region: name the same".to_owned(),
            );
        }
    }
}

/// The policy of every recovery inside the primary Region.
pub(super) fn policies(table: &PolicyTable) -> BTreeMap<Recovery, OtherPolicy> {
    let of = |mode, cooldown| OtherPolicy { mode, cooldown };
    let zone = of(table.evacuate_zone.mode, table.evacuate_zone.cooldown);
    BTreeMap::from([
        (
            Recovery::RollBackDeployment,
            of(
                table.roll_back_deployment.mode,
                table.roll_back_deployment.cooldown,
            ),
        ),
        (Recovery::EvacuateZone, zone),
        (
            Recovery::ReturnToZone,
            of(table.return_to_zone.mode, table.return_to_zone.cooldown),
        ),
        (
            Recovery::ReplaceInstances,
            of(table.replace_instances.mode, table.replace_instances.cooldown),
        ),
        (
            Recovery::ScaleOut,
            of(table.scale_out.mode, table.scale_out.cooldown),
        ),
        (
            Recovery::FailOverCache,
            of(table.fail_over_cache.mode, table.fail_over_cache.cooldown),
        ),
    ])
}
