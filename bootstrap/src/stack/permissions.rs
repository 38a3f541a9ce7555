//! What every function may do, in one table: function, actions, and what they are done to.
//!
//! A test holds it against every call that any rehearsal makes, both ways: a call that the table does not permit is found there,
//! and not in an account during an outage; and so is a permission that nothing uses.

use std::collections::{BTreeMap, BTreeSet};

use domain::names::Region;
use domain::system::System;

use super::functions::Function;
use super::on::On;

/// What a function may do, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Permission {
    /// Who.
    pub function: Function,
    /// What, as IAM calls it.
    pub actions: &'static [&'static str],
    /// To what.
    pub on: On,
}

const fn may(function: Function, actions: &'static [&'static str], on: On) -> Permission {
    Permission {
        function,
        actions,
        on,
    }
}

/// All permissions that depend on systems. What every function needs (its log, its traces) stands with the function.
pub const TABLE: &[Permission] = {
    use Function as F;
    &[
        may(
            F::Router,
            &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
            On::Journal,
        ),
        may(
            F::Router,
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
            ],
            On::GroupsSeen,
        ),
        may(
            F::Router,
            &["elasticloadbalancing:DescribeTargetHealth"],
            On::TargetsSeen,
        ),
        may(
            F::Router,
            &["codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"],
            On::DeploymentGroup,
        ),
        may(F::Router, &["states:StartExecution"], On::Machines),
        may(F::Router, &["sns:Publish"], On::Topics),
        may(F::Assess, &["dynamodb:GetItem", "dynamodb:Query"], On::Journals),
        may(F::Assess, &["rds:DescribeDBClusters"], On::Clusters),
        may(F::Assess, &["rds:DescribeDBInstances"], On::Instances),
        may(
            F::Assess,
            &["rds:DescribeDBClusters", "rds:DescribeGlobalClusters"],
            On::GlobalClusterAndClusters,
        ),
        may(F::Assess, &["cloudwatch:GetMetricData"], On::Metrics),
        may(F::Assess, &["cloudwatch:DescribeAlarms"], On::Alarms),
        may(
            F::Assess,
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
            ],
            On::GroupsSeen,
        ),
        may(
            F::Assess,
            &["elasticloadbalancing:DescribeTargetHealth"],
            On::TargetsSeen,
        ),
        may(F::Assess, &["servicequotas:GetServiceQuota"], On::VcpuQuota),
        may(F::Cache, &["dynamodb:GetItem", "dynamodb:Query"], On::Journal),
        may(
            F::Cache,
            &[
                "elasticache:DescribeReplicationGroups",
                "elasticache:TestFailover",
            ],
            On::ReplicationGroup,
        ),
        may(
            F::Cache,
            &[
                "elasticache:DescribeGlobalReplicationGroups",
                "elasticache:FailoverGlobalReplicationGroup",
            ],
            On::GlobalDatastore,
        ),
        may(F::Capacity, &["dynamodb:GetItem", "dynamodb:Query"], On::Journal),
        may(
            F::Capacity,
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
            ],
            On::GroupsSeen,
        ),
        may(F::Capacity, &["autoscaling:UpdateAutoScalingGroup"], On::Groups),
        may(
            F::Capacity,
            &["autoscaling:TerminateInstanceInAutoScalingGroup"],
            On::OwnGroup,
        ),
        may(
            F::Capacity,
            &["elasticloadbalancing:DescribeTargetHealth"],
            On::TargetsSeen,
        ),
        may(F::Capacity, &["cloudwatch:DescribeAlarms"], On::Alarms),
        may(
            F::Capacity,
            &["arc-zonal-shift:GetManagedResource"],
            On::LoadBalancer,
        ),
        may(F::Database, &["dynamodb:GetItem"], On::Journal),
        may(
            F::Database,
            &["dynamodb:GetItem", "dynamodb:UpdateItem"],
            On::WriteLease,
        ),
        may(F::Database, &["rds:DescribeDBClusters"], On::Clusters),
        may(F::Database, &["rds:DescribeDBInstances"], On::Instances),
        may(F::Database, &["rds:DescribeDBInstances"], On::RetiredInstances),
        may(F::Database, &["rds:DescribeEvents"], On::DatabaseEvents),
        may(F::Database, &["cloudwatch:GetMetricData"], On::Metrics),
        may(F::Database, &["rds:RebootDBInstance"], On::OwnInstance),
        may(F::Database, &["rds:FailoverDBCluster"], On::OwnCluster),
        may(
            F::Database,
            &["rds:ModifyDBInstance", "rds:PromoteReadReplica"],
            On::Replicas,
        ),
        may(
            F::Database,
            &["rds:CreateDBInstanceReadReplica"],
            On::ReplicasAndTheirGroups,
        ),
        may(
            F::Database,
            &[
                "rds:DescribeDBClusters",
                "rds:DescribeGlobalClusters",
                "rds:FailoverGlobalCluster",
                "rds:ModifyDBCluster",
                "rds:RemoveFromGlobalCluster",
                "rds:SwitchoverGlobalCluster",
            ],
            On::GlobalClusterAndClusters,
        ),
        may(F::Deployment, &["dynamodb:GetItem"], On::Journal),
        may(
            F::Deployment,
            &[
                "codedeploy:BatchGetDeployments",
                "codedeploy:CreateDeployment",
                "codedeploy:GetDeployment",
                "codedeploy:ListDeployments",
            ],
            On::DeploymentGroup,
        ),
        // Who creates a deployment has to be permitted these as well. Source: CodeDeploy User Guide,
        // auth-and-access-control-permissions-reference, CreateDeployment.
        may(
            F::Deployment,
            &[
                "codedeploy:GetApplicationRevision",
                "codedeploy:RegisterApplicationRevision",
            ],
            On::Application,
        ),
        may(
            F::Deployment,
            &["codedeploy:GetDeploymentConfig"],
            On::DeploymentConfigs,
        ),
        may(F::Deployment, &["codedeploy:StopDeployment"], On::Deployments),
        may(F::Journal, &["dynamodb:PutItem"], On::Journal),
        may(F::Journal, &["dynamodb:UpdateItem"], On::Journals),
        may(
            F::Notify,
            &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            On::Journal,
        ),
        may(F::Notify, &["sns:Publish"], On::Topics),
        may(F::Notify, &["states:SendTaskSuccess"], On::Questions),
        may(F::Traffic, &["dynamodb:GetItem"], On::Journal),
        may(
            F::Traffic,
            &["elasticloadbalancing:DescribeListeners"],
            On::ListenersSeen,
        ),
        may(
            F::Traffic,
            &["elasticloadbalancing:ModifyListener"],
            On::Listeners,
        ),
        may(
            F::Traffic,
            &[
                "arc-zonal-shift:CancelZonalShift",
                "arc-zonal-shift:GetManagedResource",
                "arc-zonal-shift:StartZonalShift",
            ],
            On::LoadBalancer,
        ),
        may(
            F::Traffic,
            &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            On::SwitchObject,
        ),
        // Without it S3 answers 403 where an object is missing, and a missing object is what is looked for. Source: S3 API,
        // HeadObject.
        may(F::Traffic, &["s3:ListBucket"], On::SwitchBucket),
        may(F::Traffic, &["route53:ListResourceRecordSets"], On::HostedZone),
        may(F::Traffic, &["route53:ChangeResourceRecordSets"], On::Records),
        may(F::Traffic, &["route53:GetChange"], On::RecordChanges),
        may(
            F::Traffic,
            &[
                "route53-recovery-cluster:GetRoutingControlState",
                "route53-recovery-cluster:UpdateRoutingControlStates",
            ],
            On::RoutingControls,
        ),
    ]
};

impl Permission {
    /// What a function may do for these systems in a Region: on what, which actions, and the ARNs, each once and in order.
    pub fn of(
        function: Function,
        systems: &[&System],
        here: &Region,
    ) -> Vec<(On, Vec<&'static str>, BTreeSet<String>)> {
        let mut by_subject: BTreeMap<On, BTreeSet<&'static str>> = BTreeMap::new();
        for row in TABLE.iter().filter(|row| row.function == function) {
            by_subject.entry(row.on).or_default().extend(row.actions);
        }
        let permitted = by_subject.into_iter().map(|(on, actions)| {
            let resources = systems.iter().flat_map(|system| on.of(system, here)).collect();
            (on, actions.into_iter().collect(), resources)
        });
        permitted
            .filter(|(_, _, resources): &(_, _, BTreeSet<String>)| !resources.is_empty())
            .collect()
    }
}

/// The IAM action that permits an operation, as a rehearsal names it (`sfn:StartExecution`). None for what IAM has no part in: the
/// application, and name servers.
pub fn action_of(operation: &str) -> Option<String> {
    let (service, name) = operation.split_once(':')?;
    let prefix = match service {
        "application" | "dns" => return None,
        "arczonalshift" => "arc-zonal-shift",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        "route53recoverycluster" => "route53-recovery-cluster",
        "sfn" => "states",
        same => same,
    };
    // IAM has no action of its own for it. Source: S3 API, HeadObject, "Permissions".
    let name = if (prefix, name) == ("s3", "HeadObject") {
        "GetObject"
    } else {
        name
    };
    Some(format!("{prefix}:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_each_action_once_and_in_order() {
        for row in TABLE {
            assert!(row.actions.is_sorted(), "{row:?}");
            let once: BTreeSet<_> = row.actions.iter().collect();
            assert_eq!(once.len(), row.actions.len(), "{row:?}");
        }
    }

    #[test]
    fn an_operation_is_called_as_iam_calls_it() {
        for (operation, action) in [
            ("rds:DescribeDBClusters", Some("rds:DescribeDBClusters")),
            ("sfn:StartExecution", Some("states:StartExecution")),
            ("s3:HeadObject", Some("s3:GetObject")),
            (
                "elasticloadbalancingv2:ModifyListener",
                Some("elasticloadbalancing:ModifyListener"),
            ),
            ("dns:Query", None),
            ("application:PUT", None),
        ] {
            assert_eq!(action_of(operation).as_deref(), action, "{operation}");
        }
    }
}
