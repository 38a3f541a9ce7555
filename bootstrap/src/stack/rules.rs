//! What reaches the router: the rules of `events/rules`, narrowed to what the systems declare, and a schedule that looks by itself.

use domain::system::System;
use domain::system::file::DatabaseKind;
use serde_json::{Value, json};

use super::arn::{attribute, in_region, plain, text};
use super::functions::Function;
use super::here::Here;
use super::queues::{TRIED_FOR, UNDELIVERED};
use super::role;
use super::template::Template;

/// The longest pattern that EventBridge takes, in characters (EventBridge User Guide, quotas).
const LONGEST_PATTERN: usize = 2_048;

/// How often the systems are looked at although nothing came: as often as in a rehearsal
/// (docs/decisions/0022-the-world-inside-a-region.md).
const LOOKED_EVERY: &str = "rate(1 minute)";

/// A rule, and to what it is narrowed.
struct Rule {
    logical: &'static str,
    /// The pattern, as `events/rules` has it.
    pattern: &'static str,
    /// Which values are let through at a place in the event; everything where there is none.
    only: Option<(&'static [&'static str], Vec<String>)>,
}

/// Rules, their permissions to invoke the router, the queue's to take what they could not deliver, and the schedule.
pub(super) fn add(template: &mut Template, here: &Here<'_>) {
    let mut ids = Vec::new();
    for rule in rules(here) {
        for (nth, pattern) in patterns(&rule).into_iter().enumerate() {
            let id = if nth == 0 {
                rule.logical.to_owned()
            } else {
                format!("{}{}", rule.logical, nth + 1)
            };
            add_one(template, &id, &pattern);
            ids.push(id);
        }
    }
    let arns: Vec<Value> = ids.iter().map(|id| attribute(id, "Arn")).collect();
    template.add(
        "UndeliveredPolicy",
        "AWS::SQS::QueuePolicy",
        json!({
            "Queues": [{ "Ref": UNDELIVERED }],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": attribute(UNDELIVERED, "Arn"),
                    "Condition": { "ArnEquals": { "aws:SourceArn": arns } },
                }],
            },
        }),
    );
    add_schedule(template);
}

fn add_one(template: &mut Template, id: &str, pattern: &Value) {
    let router = attribute(Function::Router.logical(), "Arn");
    template.add(
        id,
        "AWS::Events::Rule",
        json!({
            "EventPattern": pattern,
            "Targets": [{
                "Id": "router",
                "Arn": router,
                "RetryPolicy": { "MaximumEventAgeInSeconds": TRIED_FOR },
                "DeadLetterConfig": { "Arn": attribute(UNDELIVERED, "Arn") },
            }],
        }),
    );
    template.add(
        &format!("{id}Permission"),
        "AWS::Lambda::Permission",
        json!({
            "Action": "lambda:InvokeFunction",
            "FunctionName": router,
            "Principal": "events.amazonaws.com",
            "SourceArn": attribute(id, "Arn"),
        }),
    );
}

/// The schedule fills in its own ARN and the time it stands for (EventBridge Scheduler User Guide,
/// managing-schedule-context-attributes); `events::Request` reads both.
fn add_schedule(template: &mut Template) {
    let router = attribute(Function::Router.logical(), "Arn");
    let queue = attribute(UNDELIVERED, "Arn");
    let statements = vec![
        role::allow("Router", &["lambda:InvokeFunction"], vec![router.clone()]),
        role::allow("Undelivered", &["sqs:SendMessage"], vec![queue.clone()]),
    ];
    role::add(template, "LookRole", "scheduler", statements);
    let input = json!({
        "evenkeel": "assess",
        "system": "*",
        "schedule": "<aws.scheduler.schedule-arn>",
        "time": "<aws.scheduler.scheduled-time>",
    });
    template.add(
        "Look",
        "AWS::Scheduler::Schedule",
        json!({
            "Name": "evenkeel-look",
            "Description": "Looks at the systems although nothing came",
            "ScheduleExpression": LOOKED_EVERY,
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "Target": {
                "Arn": router,
                "RoleArn": attribute("LookRole", "Arn"),
                "Input": input.to_string(),
                "RetryPolicy": { "MaximumEventAgeInSeconds": TRIED_FOR, "MaximumRetryAttempts": 2 },
                "DeadLetterConfig": { "Arn": queue },
            },
        }),
    );
}

/// What the systems of a Region want to hear of. What nothing is decided by (single instances of a deployment, lifecycle actions) is
/// not sent at all.
fn rules(here: &Here<'_>) -> Vec<Rule> {
    let at_home = || {
        let systems = here.systems.iter().copied();
        systems.filter(|system| system.regions.primary == here.region)
    };
    let alarms = here.systems.iter().flat_map(|system| {
        let declared = system.alarms.iter();
        declared
            .filter(|(_, alarm)| alarm.region == here.region)
            .map(|(name, _)| plain(name))
    });
    let databases = |clusters: bool| {
        let systems = here.systems.iter().copied();
        systems
            .filter(move |system| is_cluster(system) == clusters)
            .flat_map(databases)
            .collect()
    };
    let machines = here.recoveries().into_iter().map(|recovery| {
        let machine = format!("stateMachine:{}", recovery.state_machine_name());
        in_region("states", &here.region, &here.account, &machine)
    });
    let deployed = |what: fn(&domain::system::Deployments) -> &String| {
        let declared = at_home().filter_map(|system| system.deployments.as_ref());
        declared.map(move |declared| plain(what(declared))).collect()
    };
    let web = || at_home().filter_map(|system| system.web.as_ref());
    let mut rules = vec![
        Rule {
            logical: "AlarmRule",
            pattern: include_str!("../../../events/rules/cloudwatch-alarm-state-change.json"),
            only: Some((&["detail", "alarmName"], alarms.collect())),
        },
        Rule {
            logical: "DatabaseClusterRule",
            pattern: include_str!("../../../events/rules/rds-cluster-event.json"),
            only: Some((&["detail", "SourceIdentifier"], databases(true))),
        },
        Rule {
            logical: "DatabaseInstanceRule",
            pattern: include_str!("../../../events/rules/rds-instance-event.json"),
            only: Some((&["detail", "SourceIdentifier"], databases(false))),
        },
        Rule {
            logical: "DeploymentRule",
            pattern: include_str!("../../../events/rules/codedeploy-deployment-state-change.json"),
            only: Some((
                &["detail", "application"],
                deployed(|declared| &declared.application),
            )),
        },
        Rule {
            logical: "ScalingRule",
            pattern: include_str!("../../../events/rules/autoscaling-activity.json"),
            only: Some((
                &["detail", "AutoScalingGroupName"],
                web().map(|web| plain(&web.group)).collect(),
            )),
        },
        Rule {
            logical: "ZonalShiftRule",
            pattern: include_str!("../../../events/rules/arc-zonal-shift.json"),
            only: Some((
                &["resources"],
                web()
                    .filter_map(|web| web.load_balancer.as_deref().map(plain))
                    .collect(),
            )),
        },
        Rule {
            logical: "HealthRule",
            pattern: include_str!("../../../events/rules/health-event.json"),
            only: None,
        },
        Rule {
            logical: "ExecutionRule",
            pattern: include_str!("../../../events/rules/states-execution-status-change.json"),
            only: Some((&["detail", "stateMachineArn"], machines.collect())),
        },
    ];
    for rule in &mut rules {
        if let Some((_, values)) = &mut rule.only {
            values.sort();
            values.dedup();
        }
    }
    rules
}

fn is_cluster(system: &System) -> bool {
    match system.database.kind {
        DatabaseKind::MultiAzInstance => false,
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => true,
    }
}

/// A system's databases in every Region, because RDS may record an event of one in the other's (RDS User Guide,
/// USER_Events.Messages). RDS keeps identifiers in lower case.
fn databases(system: &System) -> Vec<String> {
    let sites = system.region_failover.iter().flat_map(|shared| &shared.sites);
    let identifiers = sites.map(|site| &site.database);
    std::iter::once(&system.database.identifier)
        .chain(identifiers)
        .map(|identifier| identifier.as_str().to_ascii_lowercase())
        .collect()
}

/// A rule's patterns: none where nothing is declared, and several where one would be too long.
fn patterns(rule: &Rule) -> Vec<Value> {
    // A test holds that all of them are JSON.
    let base: Value = serde_json::from_str(rule.pattern).unwrap_or_default();
    let Some((place, values)) = &rule.only else {
        return vec![base];
    };
    let room = LONGEST_PATTERN.saturating_sub(base.to_string().len() + place.concat().len() + 20);
    let (mut groups, mut used): (Vec<Vec<&String>>, usize) = (Vec::new(), 0);
    for value in values {
        let length = Value::from(value.as_str()).to_string().len() + 1;
        match groups.last_mut() {
            Some(group) if used + length <= room => {
                group.push(value);
                used += length;
            }
            Some(_) | None => {
                groups.push(vec![value]);
                used = length;
            }
        }
    }
    groups
        .into_iter()
        .map(|group| {
            let mut pattern = base.clone();
            let at = place.iter().fold(&mut pattern, |value, key| &mut value[*key]);
            *at = group.into_iter().map(|value| text(value)).collect();
            pattern
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_split_before_it_is_too_long() {
        let names: Vec<String> = (0..200)
            .map(|nth| format!("an-alarm-with-a-name-{nth:03}"))
            .collect();
        let rule = Rule {
            logical: "AlarmRule",
            pattern: include_str!("../../../events/rules/cloudwatch-alarm-state-change.json"),
            only: Some((&["detail", "alarmName"], names.clone())),
        };
        let patterns = patterns(&rule);
        let mut selected = Vec::new();
        for pattern in &patterns {
            assert!(pattern.to_string().len() <= LONGEST_PATTERN);
            assert_eq!(pattern["source"], json!(["aws.cloudwatch"]));
            let names = pattern["detail"]["alarmName"].as_array().expect("names");
            selected.extend(names.iter().map(|name| name.as_str().expect("a name").to_owned()));
        }
        assert_eq!(patterns.len(), 3);
        assert_eq!(selected, names);
    }

    #[test]
    fn nothing_declared_is_no_rule() {
        let rule = Rule {
            logical: "ScalingRule",
            pattern: include_str!("../../../events/rules/autoscaling-activity.json"),
            only: Some((&["detail", "AutoScalingGroupName"], Vec::new())),
        };
        assert!(patterns(&rule).is_empty());
    }
}
