//! What reaches the router: the rules of `events/rules`, narrowed to what the systems declare, and a schedule that looks by itself.
//!
//! A system's events come by a rule of its own, so that a further system changes nothing for it. Patterns for which it is all the
//! same, what systems there are, are rules of all.

use domain::names::{AccountId, Region};
use domain::system::System;
use domain::system::file::DatabaseKind;
use serde_json::{Value, json};

use super::arn::{arn, attribute, in_region, plain, text};
use super::functions::Function;
use super::here::Here;
use super::own::{self, Outside};
use super::queues::{TRIED_FOR, UNDELIVERED};
use super::role;
use super::template::Template;

/// The longest pattern that EventBridge takes, in characters (EventBridge User Guide, quotas), less what every pattern begins with.
const LONGEST_PATTERN: usize = 2_048 - r#""account":["111122223333"],"#.len();

/// How often the systems are looked at although nothing came: as often as in a rehearsal
/// (docs/decisions/0022-the-world-inside-a-region.md).
const LOOKED_EVERY: &str = "rate(1 minute)";

/// A pattern of `events/rules`, and to what it is narrowed.
struct Rule {
    logical: &'static str,
    /// The pattern, as `events/rules` has it.
    pattern: &'static str,
    /// Which values are let through at a place in the event; everything where there is none.
    only: Option<(&'static [&'static str], Vec<String>)>,
}

/// The rules of all systems, the permissions to invoke the router, the queue's to take what they could not deliver, and the
/// schedule.
pub(super) fn add(template: &mut Template, here: &Here<'_>) {
    let outside = Outside::in_the_same_template();
    let mut arns = Vec::new();
    for rule in rules(here) {
        for (nth, pattern) in patterns(&rule).into_iter().enumerate() {
            let id = if nth == 0 {
                rule.logical.to_owned()
            } else {
                format!("{}{}", rule.logical, nth + 1)
            };
            let rule = targeted(&pattern, &here.account, &outside);
            template.add(&id, "AWS::Events::Rule", rule);
            let source = attribute(&id, "Arn");
            permit(template, &format!("{id}Permission"), &source);
            arns.push(source);
        }
    }
    // One for all systems: a function's policy has room for some fifty statements (Lambda Developer Guide, gettingstarted-limits: 20 KB).
    let of_systems = text(&rules_of_systems(&here.region, &here.account));
    permit(template, "SystemsPermission", &of_systems);
    arns.push(of_systems);
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
                    "Condition": { "ArnLike": { "aws:SourceArn": arns } },
                }],
            },
        }),
    );
    add_schedule(template);
}

/// How the names of systems' rules begin.
const RULE_PREFIX: &str = "evenkeel-";

fn rules_of_systems(region: &Region, account: &AccountId) -> String {
    arn(
        "events",
        region.as_str(),
        account.as_str(),
        &format!("rule/{RULE_PREFIX}*"),
    )
}

fn permit(template: &mut Template, id: &str, source: &Value) {
    template.add(
        id,
        "AWS::Lambda::Permission",
        json!({
            "Action": "lambda:InvokeFunction",
            "FunctionName": attribute(Function::Router.logical(), "Arn"),
            "Principal": "events.amazonaws.com",
            "SourceArn": source,
        }),
    );
}

/// A rule's properties. Every pattern asks for the systems' account: what another account's rule forwards to this bus keeps its own
/// (EventBridge User Guide, eb-cross-account), and is none of ours.
fn targeted(pattern: &Value, account: &AccountId, outside: &Outside) -> Value {
    let mut of_ours = json!({ "account": [account] });
    if let (Value::Object(of_ours), Value::Object(pattern)) = (&mut of_ours, pattern) {
        of_ours.extend(pattern.clone());
    }
    json!({
        "EventPattern": of_ours,
        "Targets": [{
            "Id": "router",
            "Arn": outside.router,
            "RetryPolicy": { "MaximumEventAgeInSeconds": TRIED_FOR },
            "DeadLetterConfig": { "Arn": outside.undelivered },
        }],
    })
}

/// What a system wants to hear of: one rule with all its patterns as alternatives, and a further one where it would be too long. An
/// event bus has 300 rules (EventBridge User Guide, eb-quota): one for each pattern would end at fifty systems.
pub(super) fn add_own(template: &mut Template, system: &System, here: &Here<'_>, outside: &Outside) {
    for (nth, pattern) in together(rules_of(system, here)).iter().enumerate() {
        let which = if nth == 0 {
            String::new()
        } else {
            (nth + 1).to_string()
        };
        let mut rule = targeted(pattern, &here.account, outside);
        let dotted = if nth == 0 {
            String::new()
        } else {
            format!(".{which}")
        };
        rule["Name"] = format!("{RULE_PREFIX}{}{}{dotted}", system.name, outside.suffix).into();
        rule["Description"] = format!("What {} wants to hear of", system.name).into();
        template.add(
            &own::id(&format!("Rule{which}"), system),
            "AWS::Events::Rule",
            rule,
        );
    }
}

/// Patterns as alternatives of as few as have room for them (EventBridge User Guide, eb-create-pattern-operators: `$or`).
fn together(rules: Vec<Rule>) -> Vec<Value> {
    let around = json!({ "$or": [] }).to_string().len();
    let mut groups: Vec<(usize, Vec<Value>)> = Vec::new();
    for pattern in rules.iter().flat_map(patterns) {
        let length = pattern.to_string().len() + 1;
        match groups.last_mut() {
            Some((used, group)) if *used + length <= LONGEST_PATTERN => {
                group.push(pattern);
                *used += length;
            }
            Some(_) | None => groups.push((around + length, vec![pattern])),
        }
    }
    let one = |(_, mut group): (usize, Vec<Value>)| match group.len() {
        1 => group.remove(0),
        _ => json!({ "$or": group }),
    };
    groups.into_iter().map(one).collect()
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
    role::add(template, "LookRole", "scheduler", &statements);
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

/// What all systems of a Region want to hear of.
fn rules(here: &Here<'_>) -> Vec<Rule> {
    let machines = here.recoveries().into_iter().map(|recovery| {
        let machine = format!("stateMachine:{}", recovery.state_machine_name());
        in_region("states", &here.region, &here.account, &machine)
    });
    let mut rules = vec![
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
        Rule {
            logical: "SelfTestRule",
            pattern: include_str!("../../../events/rules/self-test.json"),
            only: None,
        },
    ];
    sort(&mut rules);
    rules
}

/// What one system wants to hear of. What nothing is decided by (single instances of a deployment, lifecycle actions) is not sent at
/// all.
fn rules_of(system: &System, here: &Here<'_>) -> Vec<Rule> {
    let at_home = system.regions.primary == here.region;
    let alarms = system.alarms.iter();
    let alarms = alarms.filter(|(_, alarm)| alarm.region == here.region);
    let web = || system.web.iter().filter(|_| at_home);
    let deployments = system.deployments.iter().filter(|_| at_home);
    let mut rules = vec![
        Rule {
            logical: "Alarms",
            pattern: include_str!("../../../events/rules/cloudwatch-alarm-state-change.json"),
            only: Some((
                &["detail", "alarmName"],
                alarms.map(|(name, _)| plain(name)).collect(),
            )),
        },
        Rule {
            logical: "Database",
            pattern: if is_cluster(system) {
                include_str!("../../../events/rules/rds-cluster-event.json")
            } else {
                include_str!("../../../events/rules/rds-instance-event.json")
            },
            only: Some((&["detail", "SourceIdentifier"], databases(system))),
        },
        Rule {
            logical: "Deployments",
            pattern: include_str!("../../../events/rules/codedeploy-deployment-state-change.json"),
            only: Some((
                &["detail", "application"],
                deployments.map(|declared| plain(&declared.application)).collect(),
            )),
        },
        Rule {
            logical: "Scaling",
            pattern: include_str!("../../../events/rules/autoscaling-activity.json"),
            only: Some((
                &["detail", "AutoScalingGroupName"],
                web().map(|web| plain(&web.group)).collect(),
            )),
        },
        Rule {
            logical: "ZonalShift",
            pattern: include_str!("../../../events/rules/arc-zonal-shift.json"),
            only: Some((
                &["resources"],
                web()
                    .filter_map(|web| web.load_balancer.as_deref().map(plain))
                    .collect(),
            )),
        },
    ];
    sort(&mut rules);
    rules
}

/// Each value once, and in order.
fn sort(rules: &mut [Rule]) {
    for (_, values) in rules.iter_mut().filter_map(|rule| rule.only.as_mut()) {
        values.sort();
        values.dedup();
    }
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
    fn alternatives_are_together_until_a_pattern_is_full() {
        let rule = |logical, names: usize| Rule {
            logical,
            pattern: include_str!("../../../events/rules/cloudwatch-alarm-state-change.json"),
            only: Some((
                &["detail", "alarmName"],
                (0..names)
                    .map(|nth| format!("an-alarm-with-a-name-{nth:03}"))
                    .collect(),
            )),
        };
        let one = together(vec![rule("One", 3)]);
        assert_eq!(one[0]["source"], json!(["aws.cloudwatch"]));
        let two = together(vec![rule("One", 3), rule("Two", 2), rule("Three", 0)]);
        assert_eq!((two.len(), two[0]["$or"].as_array().map(Vec::len)), (1, Some(2)));
        let many = together(vec![rule("One", 60), rule("Two", 60)]);
        assert_eq!(many.len(), 2);
        for pattern in many {
            assert!(pattern.to_string().len() <= LONGEST_PATTERN);
        }
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
