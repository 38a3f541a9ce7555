//! Dashboards: one of Evenkeel itself, and one for each system. What is on them is emitted: metrics that AWS has by itself, the router's
//! heartbeat, the logs of machines and functions.
//!
//! A system's is its own, so that a system more changes nobody else's. Dashboards cost money beyond the third (CloudWatch
//! pricing), so that a parameter leaves them out.
//!
//! Form: CloudWatch API, CloudWatch-Dashboard-Body-Structure. A dashboard's name is unique in an account, and not in a Region.

use std::collections::BTreeSet;

use domain::names::{Recovery, Region};
use domain::system::System;
use domain::system::file::DatabaseKind;
use domain::system::region_failover::Replication;
use runtime::metrics::{LOOKS, NAMESPACE};
use serde_json::{Value, json};

use super::arn::text;
use super::functions::{DEAD_LETTERS, Function, log_group};
use super::here::{Here, carries_out};
use super::machines;
use super::own;
use super::queues::UNDELIVERED;
use super::template::Template;

/// The parameter that leaves dashboards out.
pub(super) const PARAMETER: &str = "Dashboards";
const CONDITION: &str = "HasDashboards";

/// The most alarms of one widget (CloudWatch API, CloudWatch-Dashboard-Body-Structure).
const MOST_ALARMS: usize = 100;

/// Widgets are half of the 24 columns wide.
const HALF: usize = 12;
const HEIGHT: usize = 6;

pub(super) fn parameter() -> Value {
    json!({
        "Type": "String",
        "Default": "yes",
        "AllowedValues": ["yes", "no"],
        "Description": "Whether there are dashboards: one of Evenkeel itself, and one for each system",
    })
}

pub(super) fn condition() -> Value {
    json!({ CONDITION: { "Fn::Equals": [{ "Ref": PARAMETER }, "yes"] } })
}

/// The dashboard of Evenkeel itself.
pub(super) fn add(
    template: &mut Template,
    here: &Here<'_>,
    functions: &BTreeSet<Function>,
    alarms: &[String],
) {
    let region = &here.region;
    let alarms = alarms.iter().map(|id| format!("${{{id}.Arn}}"));
    let mut widgets = Widgets::default();
    widgets.add(
        "alarm",
        json!({ "title": "Alarms on Evenkeel itself", "alarms": alarms.collect::<Vec<_>>() }),
    );
    widgets.add("metric", executions(here));
    let queues = [
        (DEAD_LETTERS, "the router could not deal with"),
        (UNDELIVERED, "did not reach the router"),
    ];
    let depth = queues.map(|(queue, label)| {
        json!([
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            format!("${{{queue}.QueueName}}"),
            { "label": format!("events that {label}") }
        ])
    });
    widgets.add("metric", graph("Dead letters", region, "Maximum", &depth));
    let beats = [
        json!([NAMESPACE, LOOKS, { "label": "looks at all systems" }]),
        json!(["AWS/Lambda", "Invocations", "FunctionName", Function::Router.name(), { "label": "events and looks" }]),
    ];
    widgets.add("metric", graph("Is it awake", region, "Sum", &beats));
    let groups: Vec<String> = functions.iter().map(|function| log_group(*function)).collect();
    widgets.add(
        "log",
        question(
            "Steps that failed for good",
            region,
            &groups,
            "filter message = 'invocation' and outcome = 'failed' | stats count(*) as times by function, condition, error | sort times desc",
        ),
    );
    let of_each = |name: &'static str| {
        let of = move |function: &Function| json!(["AWS/Lambda", name, "FunctionName", function.name()]);
        functions.iter().map(of).collect::<Vec<_>>()
    };
    let title = "Answers that were no yes: most of them say that a step waits";
    widgets.add("metric", graph(title, region, "Sum", &of_each("Errors")));
    widgets.add(
        "metric",
        graph("Steps that were throttled", region, "Sum", &of_each("Throttles")),
    );
    widgets.add(
        "metric",
        graph("How long a step takes, p99", region, "p99", &of_each("Duration")),
    );
    let body = widgets.body();
    let dashboard =
        json!({ "DashboardName": format!("evenkeel-itself-{region}"), "DashboardBody": text(&body) });
    template.add_if(CONDITION, "Dashboard", "AWS::CloudWatch::Dashboard", dashboard);
}

/// A system's dashboard.
pub(super) fn add_own(template: &mut Template, system: &System, here: &Here<'_>) {
    let region = &here.region;
    let mut widgets = Widgets::default();
    let alarms = system.alarms.iter();
    let alarms: Vec<String> = alarms
        .filter(|(_, alarm)| alarm.region == *region)
        .map(|(name, _)| {
            let (partition, account) = (region.partition(), &system.account);
            format!(
                "arn:{partition}:cloudwatch:{region}:{account}:alarm:{}",
                name.replace("${", "${!")
            )
        })
        .take(MOST_ALARMS)
        .collect();
    if !alarms.is_empty() {
        widgets.add(
            "alarm",
            json!({ "title": format!("Alarms of {} here", system.name), "alarms": alarms }),
        );
    }
    for (title, statistic, metrics) in serving(system) {
        widgets.add("metric", graph(&title, region, statistic, &metrics));
    }
    widgets.add("metric", graph("Database", region, "Maximum", &database(system)));
    let machines: Vec<Recovery> = Recovery::ALL
        .into_iter()
        .filter(|recovery| carries_out(system, *recovery, region))
        .collect();
    if !machines.is_empty() {
        widgets.add("log", runs(system, region, &machines));
    }
    let body = widgets.body();
    let dashboard = json!({ "DashboardName": format!("evenkeel-{}-{region}", system.name), "DashboardBody": text(&body) });
    template.add_if(
        CONDITION,
        &own::id("Dashboard", system),
        "AWS::CloudWatch::Dashboard",
        dashboard,
    );
}

/// Widgets two in a row, from left to right.
#[derive(Debug, Default)]
struct Widgets {
    all: Vec<Value>,
}

impl Widgets {
    fn add(&mut self, kind: &str, properties: Value) {
        let nth = self.all.len();
        self.all.push(json!({
            "type": kind,
            "x": nth % 2 * HALF,
            "y": nth / 2 * HEIGHT,
            "width": HALF,
            "height": HEIGHT,
            "properties": properties,
        }));
    }

    fn body(self) -> String {
        json!({ "widgets": self.all }).to_string()
    }
}

fn graph(title: &str, region: &Region, statistic: &str, metrics: &[Value]) -> Value {
    json!({ "title": title, "region": region, "view": "timeSeries", "stat": statistic, "period": 60, "metrics": metrics })
}

/// A question to logs. `SOURCE` names the groups (CloudWatch Logs User Guide, CWL_QuerySyntax).
fn question(title: &str, region: &Region, groups: &[String], asks: &str) -> Value {
    let sources: Vec<String> = groups.iter().map(|group| format!("SOURCE '{group}'")).collect();
    let query = format!("{} | {asks}", sources.join(" | "));
    json!({ "title": title, "region": region, "view": "table", "query": query })
}

/// Executions of all machines by what became of them. Source of the metrics: Step Functions Developer Guide, procedure-cw-metrics.
fn executions(here: &Here<'_>) -> Value {
    let (region, account) = (&here.region, &here.account);
    let outcomes = [
        ("Started", "started"),
        ("Succeeded", "succeeded"),
        ("Failed", "failed"),
        ("TimedOut", "timedout"),
        ("Aborted", "aborted"),
    ];
    let mut metrics = Vec::new();
    for (outcome, id) in outcomes {
        let sum = format!("SUM(METRICS(\"{id}\"))");
        metrics.push(json!([{ "expression": sum, "label": outcome, "id": format!("all{id}x") }]));
        for (nth, recovery) in here.recoveries().into_iter().enumerate() {
            let arn = recovery.state_machine_arn(region, account);
            let hidden = json!({ "id": format!("{id}{nth}"), "visible": false });
            metrics.push(json!([
                "AWS/States",
                format!("Executions{outcome}"),
                "StateMachineArn",
                arn,
                hidden
            ]));
        }
    }
    graph("Runs of recoveries, by outcome", region, "Sum", &metrics)
}

/// A system's runs by outcome. Machines are shared, and their metrics with them; what they log names the run, and a run's name begins
/// with its system's and its recovery's (`IncidentId::derive`). Source of the fields: Step Functions Developer Guide, cw-logs.
fn runs(system: &System, region: &Region, machines: &[Recovery]) -> Value {
    let groups: Vec<String> = machines
        .iter()
        .map(|recovery| machines::log_group(*recovery))
        .collect();
    let recoveries: Vec<&str> = machines.iter().map(|recovery| recovery.machine()).collect();
    let asks = format!(
        "filter execution_arn like /:{}-({})-/ and type in ['ExecutionStarted', 'ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut', 'ExecutionAborted'] | fields @timestamp, type, execution_arn, details.error | sort @timestamp desc | limit 50",
        system.name,
        recoveries.join("|")
    );
    question(&format!("Runs of {}", system.name), region, &groups, &asks)
}

/// Who serves: healthy targets and errors of each load balancer, in every Region. Sources: User Guide for Application Load Balancers and
/// for Network Load Balancers, load-balancer-cloudwatch-metrics.
fn serving(system: &System) -> Vec<(String, &'static str, Vec<Value>)> {
    let sites = system.region_failover.iter().flat_map(|shared| &shared.sites);
    let sites = sites.map(|site| (&site.region, &site.web.target_group, Some(&site.web.listener)));
    let web = system.web.iter();
    let web = web.map(|web| {
        (
            &system.regions.primary,
            &web.target_group,
            web.load_balancer.as_ref(),
        )
    });
    let mut targets: Vec<(&Region, Balanced)> = Vec::new();
    for (region, group, balancer) in sites.chain(web) {
        let balanced = balancer.and_then(|balancer| Balanced::by(balancer, group));
        targets.extend(balanced.map(|balanced| (region, balanced)));
    }
    targets.sort();
    targets.dedup();
    if targets.is_empty() {
        return Vec::new();
    }
    let healthy = ["HealthyHostCount", "UnHealthyHostCount"];
    let healthy = targets
        .iter()
        .flat_map(|(region, of)| healthy.map(|name| of.metric(name, region)));
    let mut graphs = vec![("Targets".to_owned(), "Minimum", healthy.collect())];
    let errors: Vec<Value> = targets
        .iter()
        .filter(|(_, of)| of.namespace == APPLICATION)
        .flat_map(|(region, of)| {
            ["RequestCount", "HTTPCode_Target_5XX_Count"].map(|name| of.metric(name, region))
        })
        .collect();
    if !errors.is_empty() {
        graphs.push(("Requests, and those that failed".to_owned(), "Sum", errors));
    }
    graphs
}

const APPLICATION: &str = "AWS/ApplicationELB";

/// A target group behind a load balancer, as CloudWatch names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Balanced {
    namespace: &'static str,
    balancer: String,
    group: String,
}

impl Balanced {
    /// From the ARN of the load balancer, or of a listener of its, and that of the group:
    /// `…:loadbalancer/app/NAME/ID`, `…:listener/app/NAME/ID/ID`, `…:targetgroup/NAME/ID`.
    fn by(balancer: &str, group: &str) -> Option<Self> {
        let mut parts = balancer.splitn(6, ':').nth(5)?.split('/');
        let (_, kind, name, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let namespace = match kind {
            "app" => APPLICATION,
            "net" => "AWS/NetworkELB",
            _ => return None,
        };
        Some(Self {
            namespace,
            balancer: format!("{kind}/{name}/{id}"),
            group: group.splitn(6, ':').nth(5)?.to_owned(),
        })
    }

    fn metric(&self, name: &str, region: &Region) -> Value {
        let options = json!({ "region": region, "label": format!("{region} {name}") });
        json!([
            self.namespace,
            name,
            "TargetGroup",
            self.group,
            "LoadBalancer",
            self.balancer,
            options
        ])
    }
}

/// Connections to each database of a system, and how far it is behind where another Region follows it. Sources: RDS User Guide,
/// rds-metrics; Aurora User Guide, Aurora.AuroraMonitoring.Metrics.
fn database(system: &System) -> Vec<Value> {
    let dimension = match system.database.kind {
        DatabaseKind::MultiAzInstance => "DBInstanceIdentifier",
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => "DBClusterIdentifier",
    };
    let (mut all, lag) = match &system.region_failover {
        None => (vec![(&system.regions.primary, &system.database.identifier)], None),
        Some(shared) => {
            let lag = match shared.replication {
                Replication::AuroraGlobal { .. } => "AuroraGlobalDBRPOLag",
                Replication::ReadReplica => "ReplicaLag",
            };
            let sites = shared.sites.iter();
            (
                sites.map(|site| (&site.region, &site.database)).collect(),
                Some(lag),
            )
        }
    };
    all.sort();
    let names = std::iter::once("DatabaseConnections").chain(lag);
    names
        .flat_map(|name| {
            all.iter()
                .map(move |(region, identifier)| (name, *region, *identifier))
        })
        .map(|(name, region, identifier)| {
            let identifier = identifier.as_str().to_ascii_lowercase();
            let mut options = json!({ "region": region, "label": format!("{region} {name}") });
            if name != "DatabaseConnections" {
                options["yAxis"] = "right".into();
            }
            json!(["AWS/RDS", name, dimension, identifier, options])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balancer_is_named_as_cloudwatch_names_it() {
        let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1111111111111111";
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/2222222222222222/3333333333333333";
        let balancer =
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/2222222222222222";
        let by_listener = Balanced::by(listener, group).expect("both are ARNs");
        assert_eq!(Some(&by_listener), Balanced::by(balancer, group).as_ref());
        assert_eq!(by_listener.balancer, "app/shop/2222222222222222");
        assert_eq!(by_listener.group, "targetgroup/shop/1111111111111111");
        assert_eq!(Balanced::by("shop", group), None);
    }
}
