//! What has to agree for a move to another Region.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use super::{people, topics};
use crate::duration::Duration;
use crate::names::Region;
use crate::system::file::{Meaning, Mode, RegionFailoverTable, SystemFile};
use crate::system::region_failover::{
    FENCE_TRIED_FOR, LEAST_MARGIN, LONGEST_TTL, LONGEST_WINDOW, LONGEST_WRITE_LEASE, Replication,
    SHORTEST_WRITE_LEASE, Traffic, Web, WriteLease,
};
use crate::system::{Database, DatabaseKind, People, RegionFailover, Site};

/// How long the names of DynamoDB's tables are. Source: DynamoDB Developer Guide, HowItWorks.NamingRulesDataTypes.
const TABLE_NAMES: RangeInclusive<usize> = 3..=255;

/// Route 53 ARC clusters have five endpoints. Source: ARC Developer Guide, introduction-components-routing.
const CLUSTER_ENDPOINTS: usize = 5;

pub(super) fn contradictions(file: &SystemFile, problem: &mut impl FnMut(Range<usize>, String, String)) {
    alarms(file, problem);
    let (standby, table) = match (&file.regions.standby, &file.region_failover) {
        (Some(standby), Some(table)) => (standby, table),
        (None, Some(table)) => {
            problem(
                table.span(),
                "[region-failover] says how to move to a standby Region, and [regions] names none".to_owned(),
                "add `standby = …` to [regions]".to_owned(),
            );
            return;
        }
        (Some(standby), None) => {
            problem(
                standby.span(),
                format!(
                    "{} is the standby Region, and nothing says how to move there",
                    standby.get_ref()
                ),
                "add [region-failover], or leave `standby` out".to_owned(),
            );
            return;
        }
        (None, None) => return,
    };
    let place = table.span();
    let table = table.get_ref();
    topics(&table.standby.people, standby.get_ref(), file, problem);

    let kind = *file.database.kind.get_ref();
    let fits = match table.replication {
        Replication::AuroraGlobal { .. } => kind == DatabaseKind::Aurora,
        Replication::ReadReplica => kind == DatabaseKind::MultiAzInstance,
    };
    if !fits {
        problem(
            file.database.kind.span(),
            format!("a {kind} database has no {} in another Region", table.replication),
            "`aurora-global` goes with `aurora`, `read-replica` with `multi-az-instance`".to_owned(),
        );
    }
    if table.request.get_ref().host() != table.hostname.as_str() {
        problem(
            table.request.span(),
            format!(
                "the request goes to {}, and users reach the system as {}",
                table.request.get_ref().host(),
                table.hostname
            ),
            format!("write `request = \"https://{}/…\"`", table.hostname),
        );
    }
    // The name servers are asked for all three names, and answer only for their own zone.
    let zone = table
        .hostname
        .as_str()
        .split_once('.')
        .map_or("", |(_, zone)| zone);
    for host in [file.database.write_check.host(), table.standby.write_check.host()] {
        if !host.ends_with(&format!(".{zone}")) {
            problem(
                place.clone(),
                format!(
                    "{host} is not in the zone {zone}, whose name servers are asked where {} leads",
                    table.hostname
                ),
                format!("give each Region's load balancer a name under {zone}, and use it in `write-check`"),
            );
        }
    }
    for (web, region) in [
        (&table.primary.web, file.regions.primary.get_ref()),
        (&table.standby.web, standby.get_ref()),
    ] {
        web_tier(web.get_ref(), web.span(), region, problem);
    }
    if table.name_servers.is_empty() {
        problem(
            place.clone(),
            "there is no name server to ask where the name leads".to_owned(),
            "list the zone's authoritative name servers in `name-servers`".to_owned(),
        );
    }
    if table.ttl > LONGEST_TTL {
        problem(
            place.clone(),
            format!(
                "resolvers may keep answers for {}, and a move waits that long",
                table.ttl
            ),
            format!("lower the records' TTL, and `ttl`, to {LONGEST_TTL} or less"),
        );
    }
    if file.policy.fail_over_region.window > LONGEST_WINDOW {
        problem(
            place.clone(),
            format!(
                "a window of {} in [policy.fail-over-region] delays every move by as much",
                file.policy.fail_over_region.window
            ),
            format!("{LONGEST_WINDOW} or less; ask for more by the alarms' own periods"),
        );
    }
    if let Traffic::RoutingControl { endpoints, .. } = &table.traffic
        && endpoints.len() != CLUSTER_ENDPOINTS
    {
        problem(
            place.clone(),
            format!(
                "a routing-control cluster has five endpoints, and {} are listed",
                endpoints.len()
            ),
            "list all five: any of them may be the one that answers".to_owned(),
        );
    }
    if table.global_datastore.is_some() && (table.primary.cache.is_none() || table.standby.cache.is_none()) {
        problem(
            place.clone(),
            "a global datastore has a replication group in both Regions".to_owned(),
            "add `cache = …` to [region-failover.primary] and [region-failover.standby]".to_owned(),
        );
    }
    if let Some(lease) = &table.write_lease {
        write_lease(
            lease.get_ref(),
            lease.span(),
            file.policy.fail_over_region.window,
            problem,
        );
    }
    let least = table.replication.least_promotion();
    let rto = *file.objectives.rto.get_ref();
    if rto.as_millis() <= least.as_millis() + table.ttl.as_millis() {
        problem(
            file.objectives.rto.span(),
            format!(
                "an RTO of {rto} cannot be met: promoting takes {least} at least, and resolvers keep answers for {}",
                table.ttl
            ),
            "5m leaves room to notice, to ask, to promote and to move users".to_owned(),
        );
    }
    if *file.policy.fail_over_region.cooldown.get_ref() < rto {
        problem(
            file.objectives.rto.span(),
            format!(
                "a cooldown of {} for fail-over-region is shorter than the RTO of {rto}",
                file.policy.fail_over_region.cooldown.get_ref()
            ),
            format!("set `cooldown` in [policy.fail-over-region] to {rto} or more"),
        );
    }
}

/// Rule 8: two independent signals, and neither of them lost with the Region.
fn alarms(file: &SystemFile, problem: &mut impl FnMut(Range<usize>, String, String)) {
    let standby = file.regions.standby.as_ref().map(toml::Spanned::get_ref);
    let mut watched = BTreeSet::new();
    for alarm in &file.alarms {
        if let Some(region) = &alarm.region
            && region.get_ref() != file.regions.primary.get_ref()
            && Some(region.get_ref()) != standby
        {
            problem(
                region.span(),
                format!(
                    "the alarm lives in {}, which is none of the system's Regions",
                    region.get_ref()
                ),
                "name a Region of [regions]".to_owned(),
            );
        }
        if alarm.means != Meaning::RegionDown {
            continue;
        }
        match alarm.watches {
            Some(watches) => {
                watched.insert(watches);
            }
            None => problem(
                alarm.name.span(),
                format!("nothing says what `{}` looks at", alarm.name.get_ref()),
                "add `watches = \"reachability\"`, `\"users\"` or `\"replication\"`: two alarms that look at the same \
                 thing are one signal"
                    .to_owned(),
            ),
        }
        if alarm.region.as_ref().map(toml::Spanned::get_ref) != standby {
            problem(
                alarm.name.span(),
                format!(
                    "`{}` would be lost with the Region that it is about",
                    alarm.name.get_ref()
                ),
                match standby {
                    Some(standby) => {
                        format!("make it in the standby Region and add `region = \"{standby}\"`")
                    }
                    None => "name a standby Region in [regions] first".to_owned(),
                },
            );
        }
    }
    let automatic = file.policy.fail_over_region.mode == Mode::Automatic;
    if let Some(table) = &file.region_failover
        && automatic
        && watched.len() < 2
    {
        problem(
            table.span(),
            "the move begins by itself, but there are no two alarms that mean `region-down` and look at different things"
                .to_owned(),
            "declare two in [[alarms]], or set `mode = \"page\"` in [policy.fail-over-region]".to_owned(),
        );
    }
}

fn write_lease(
    lease: &WriteLease,
    span: Range<usize>,
    window: Duration,
    problem: &mut impl FnMut(Range<usize>, String, String),
) {
    let WriteLease {
        table,
        duration,
        margin,
    } = lease;
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !TABLE_NAMES.contains(&table.len()) || !table.bytes().all(usual) {
        problem(
            span.clone(),
            format!("`{table}` is not the name of a DynamoDB table"),
            "3 to 255 letters, digits, `_`, `-` and `.`; not an ARN".to_owned(),
        );
    }
    if !(SHORTEST_WRITE_LEASE..=LONGEST_WRITE_LEASE).contains(duration) {
        problem(
            span.clone(),
            format!("a write lease of {duration} is none of {SHORTEST_WRITE_LEASE} to {LONGEST_WRITE_LEASE}"),
            "20s leaves room for renewals that fail, and lets a lost source write for no longer".to_owned(),
        );
    }
    if *margin < LEAST_MARGIN || margin > duration {
        problem(
            span.clone(),
            format!("a margin of {margin} does not go with a lease of {duration}"),
            format!("at least {LEAST_MARGIN}, for clocks differ, and at most the lease's own duration"),
        );
    }
    let waited = Duration::from_millis(window.as_millis() + FENCE_TRIED_FOR.as_millis());
    if lease.runs_out_after() > waited {
        problem(
            span,
            format!(
                "a lease that is proven to have run out after {} comes too late: a recovery asks a person after {waited}",
                lease.runs_out_after()
            ),
            "shorten `duration` or `margin`, or widen `window` in [policy.fail-over-region]".to_owned(),
        );
    }
}

fn web_tier(
    web: &Web,
    span: Range<usize>,
    region: &Region,
    problem: &mut impl FnMut(Range<usize>, String, String),
) {
    if web.instances == 0 || web.instances > web.max_instances {
        problem(
            span.clone(),
            format!(
                "{} instances of at most {} serve nobody",
                web.instances, web.max_instances
            ),
            "`instances` is what serves all users: at least 1, at most `max-instances`".to_owned(),
        );
    }
    for (key, arn) in [("target-group", &web.target_group), ("listener", &web.listener)] {
        let parts: Vec<&str> = arn.split(':').collect();
        if parts.len() < 6
            || parts[0] != "arn"
            || parts[2] != "elasticloadbalancing"
            || parts[3] != region.as_str()
        {
            problem(
                span.clone(),
                format!("`{key} = \"{arn}\"` is not the ARN of a {key} in {region}"),
                format!("expected `arn:aws:elasticloadbalancing:{region}:ACCOUNT:…`"),
            );
        }
    }
}

pub(super) fn assemble(
    table: RegionFailoverTable,
    primary: &Region,
    standby: &Region,
    database: &Database,
    at_home: &People,
) -> RegionFailover {
    let home = Site {
        region: primary.clone(),
        database: database.identifier.clone(),
        write_check: database.write_check.clone(),
        web: table.primary.web.into_inner(),
        isolation: table.primary.isolation,
        cache: table.primary.cache,
        people: at_home.clone(),
    };
    let away = Site {
        region: standby.clone(),
        database: table.standby.database,
        write_check: table.standby.write_check,
        web: table.standby.web.into_inner(),
        isolation: table.standby.isolation,
        cache: table.standby.cache,
        people: people(table.standby.people),
    };
    RegionFailover {
        replication: table.replication,
        hostname: table.hostname,
        request: table.request.into_inner(),
        ttl: table.ttl,
        name_servers: table.name_servers,
        traffic: table.traffic,
        global_datastore: table.global_datastore,
        write_lease: table.write_lease.map(toml::Spanned::into_inner),
        sites: [home, away],
    }
}
