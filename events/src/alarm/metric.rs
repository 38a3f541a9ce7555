//! What a metric alarm watches: the metrics, and above all their dimensions, which say of which load balancer, of which
//! zone, of which health check they are.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::json::Object;

/// A metric that an alarm watches (CloudWatch API Reference, `Metric`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Metric {
    /// Whose it is, e.g. `AWS/ApplicationELB`.
    pub namespace: String,
    /// Its name, e.g. `UnHealthyHostCount`.
    pub name: String,
    /// Of what it is: `LoadBalancer`, `TargetGroup`, `AvailabilityZone`, `HealthCheckId` and so on.
    #[serde(default, deserialize_with = "each_once")]
    pub dimensions: BTreeMap<String, String>,
}

// An alarm whose metrics cannot be read is an alarm all the same, and perhaps the one that says that the database is gone:
// its metrics are then not known, none of them, so that no two are taken to agree when a third was left out. Nobody hears
// where they are wrong, so that they are read in one go, and not key by key: alarms are what comes in storms.

/// The metrics in an alarm's configuration (CloudWatch User Guide, `cloudwatch-and-eventbridge`): dimensions are an
/// object. An element without `metricStat` is an expression over the others, or a query, and no metric.
pub(super) fn of_configuration(configuration: &Object<'_>) -> Vec<Metric> {
    #[derive(Deserialize)]
    struct Element {
        #[serde(rename = "metricStat")]
        stat: Option<Stat>,
    }
    #[derive(Deserialize)]
    struct Stat {
        metric: Metric,
    }
    let elements: Vec<Element> = configuration.if_readable("metrics").unwrap_or_default();
    elements
        .into_iter()
        .filter_map(|element| element.stat)
        .map(|stat| stat.metric)
        .collect()
}

/// The metrics in the trigger of CloudWatch's own notification: its own, or a list of metrics and expressions. Dimensions are
/// a list of names and values.
pub(super) fn of_trigger(message: &Object<'_>) -> Vec<Metric> {
    let trigger: Trigger = message.if_readable("Trigger").unwrap_or_default();
    let listed = trigger.metrics.unwrap_or_default().into_iter();
    let said = listed
        .filter_map(|element| element.metric_stat)
        .map(|stat| stat.metric);
    let own = Said {
        namespace: trigger.namespace,
        metric_name: trigger.metric_name,
        dimensions: trigger.dimensions,
    };
    std::iter::once(own)
        .chain(said)
        .filter(|said| said.metric_name.is_some())
        .map(Said::into_metric)
        .collect::<Option<_>>()
        .unwrap_or_default()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trigger {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    metrics: Option<Vec<Element>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Element {
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Said,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
}

#[derive(Deserialize)]
struct Dimension {
    name: String,
    value: String,
}

impl Said {
    /// Nothing when something is missing, or when two values stand under one name: we would have to guess which was
    /// meant.
    fn into_metric(self) -> Option<Metric> {
        let mut dimensions = BTreeMap::new();
        for dimension in self.dimensions.unwrap_or_default() {
            if dimensions.insert(dimension.name, dimension.value).is_some() {
                return None;
            }
        }
        Some(Metric {
            namespace: self.namespace?,
            name: self.metric_name?,
            dimensions,
        })
    }
}

/// Dimensions by name, each name once.
fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct EachOnce;

    impl<'de> Visitor<'de> for EachOnce {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("dimensions by name")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut dimensions = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                if dimensions.insert(name, value).is_some() {
                    return Err(de::Error::custom("the same dimension more than once"));
                }
            }
            Ok(dimensions)
        }
    }

    deserializer.deserialize_any(EachOnce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(metrics: &str) -> Vec<Metric> {
        let json = format!(r#"{{"metrics":{metrics}}}"#);
        of_configuration(&Object::from_bytes(json.as_bytes()).expect("the test's JSON is an object"))
    }

    fn triggered(trigger: &str) -> Vec<Metric> {
        let json = format!(r#"{{"Trigger":{trigger}}}"#);
        of_trigger(&Object::from_bytes(json.as_bytes()).expect("the test's JSON is an object"))
    }

    fn metric(zone: Option<&str>) -> Metric {
        Metric {
            namespace: "AWS/ApplicationELB".to_owned(),
            name: "UnHealthyHostCount".to_owned(),
            dimensions: zone
                .map(|zone| ("AvailabilityZone".to_owned(), zone.to_owned()))
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn metrics_are_read_and_expressions_are_passed_over() {
        let said = configured(
            r#"[{"id":"e1","expression":"m1+m2"},
                {"id":"m1","metricStat":{"metric":{"namespace":"AWS/ApplicationELB","name":"UnHealthyHostCount",
                    "dimensions":{"AvailabilityZone":"us-east-1a"}},"period":60,"stat":"Sum"}},
                {"id":"m2","metricStat":{"metric":{"namespace":"AWS/ApplicationELB","name":"UnHealthyHostCount"}}}]"#,
        );
        assert_eq!(said, [metric(Some("us-east-1a")), metric(None)]);
    }

    #[test]
    fn a_trigger_has_a_metric_or_a_list() {
        let own = triggered(
            r#"{"MetricName":"UnHealthyHostCount","Namespace":"AWS/ApplicationELB","Unit":null,
                "Dimensions":[{"value":"us-east-1a","name":"AvailabilityZone"}]}"#,
        );
        assert_eq!(own, [metric(Some("us-east-1a"))]);
        let listed = triggered(
            r#"{"Metrics":[{"Id":"e1","Expression":"m1*2","ReturnData":true},
                {"Id":"m1","MetricStat":{"Metric":{"MetricName":"UnHealthyHostCount","Namespace":"AWS/ApplicationELB",
                    "Dimensions":[]},"Period":60,"Stat":"Sum"},"ReturnData":false}]}"#,
        );
        assert_eq!(listed, [metric(None)]);
        assert_eq!(triggered("{}"), []);
    }

    #[test]
    fn one_metric_that_cannot_be_read_makes_all_unknown() {
        for second in [
            r#"{"metricStat":{"metric":{"namespace":"n"}}}"#,
            r#"{"metricStat":{"metric":{"namespace":"n","name":"n","dimensions":["a"]}}}"#,
            r#"{"metricStat":{"metric":{"namespace":"n","name":"n","dimensions":{"a":"1","a":"2"}}}}"#,
            "7",
        ] {
            let first = r#"{"metricStat":{"metric":{"namespace":"n","name":"n","dimensions":{}}}}"#;
            assert_eq!(configured(&format!("[{first},{first}]")).len(), 2);
            assert_eq!(configured(&format!("[{first},{second}]")), [], "{second}");
        }
        let twice = r#"{"MetricName":"m","Namespace":"n","Dimensions":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}"#;
        assert_eq!(triggered(twice), []);
    }
}
