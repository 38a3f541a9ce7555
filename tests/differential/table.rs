//! The operations that are compared, and the differences that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use futures_util::future::LocalBoxFuture;

use crate::side::Side;
use crate::{caches, databases, deployments, locks, objects, people, replicas, watching, web, zone};

/// What was read of an answer, by the name of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(pub(crate) BTreeMap<String, String>);

impl Fields {
    /// The same, with one field more.
    pub(crate) fn and(mut self, field: &str, value: impl Display) -> Self {
        self.0.insert(field.to_owned(), value.to_string());
        self
    }
}

/// An operation, or what belongs together of one.
pub(crate) struct Row {
    /// As IAM calls it.
    pub(crate) operation: &'static str,
    /// Asks a side.
    pub(crate) asked: for<'s> fn(&'s Side) -> LocalBoxFuture<'s, Fields>,
    /// Where the two are known to differ.
    pub(crate) differs: &'static [Differs],
}

/// A known difference.
pub(crate) struct Differs {
    /// In which field.
    pub(crate) field: &'static str,
    /// What the embedded cloud answers.
    pub(crate) embedded: &'static str,
    /// What the emulator answers.
    pub(crate) emulator: &'static str,
    /// Who is right, and why it may stay.
    pub(crate) why: &'static str,
}

impl Row {
    /// What is wrong with the two answers, in sentences.
    pub(crate) fn held_against(&self, embedded: &Fields, emulator: &Fields) -> Vec<String> {
        let fields: BTreeSet<&String> = embedded.0.keys().chain(emulator.0.keys()).collect();
        let of =
            |fields: &Fields, name: &str| fields.0.get(name).map_or("not there", String::as_str).to_owned();
        let mut wrong = Vec::new();
        for field in fields {
            let (ours, theirs) = (of(embedded, field), of(emulator, field));
            let listed = self.differs.iter().find(|difference| difference.field == field);
            match listed {
                None if ours != theirs => wrong.push(format!(
                    "{field}: the embedded cloud says `{ours}`, the emulator `{theirs}`, and no such difference is listed"
                )),
                Some(_) if ours == theirs => wrong.push(format!(
                    "{field}: both say `{ours}`; take the difference out of the table"
                )),
                Some(known) if (known.embedded, known.emulator) != (ours.as_str(), theirs.as_str()) => {
                    wrong.push(format!(
                        "{field}: the embedded cloud says `{ours}`, the emulator `{theirs}`; listed are `{}` and `{}`",
                        known.embedded, known.emulator
                    ));
                }
                None | Some(_) => {}
            }
        }
        let unknown = self
            .differs
            .iter()
            .filter(|known| !embedded.0.contains_key(known.field));
        wrong.extend(
            unknown.map(|known| format!("{}: a difference is listed, and nobody reads it", known.field)),
        );
        wrong
    }
}

const fn row(operation: &'static str, asked: for<'s> fn(&'s Side) -> LocalBoxFuture<'s, Fields>) -> Row {
    Row {
        operation,
        asked,
        differs: &[],
    }
}

impl Row {
    const fn but(mut self, differs: &'static [Differs]) -> Self {
        self.differs = differs;
        self
    }
}

/// In this order: what is changed by one row is seen by the next.
pub(crate) const TABLE: &[Row] = &[
    row("cloudwatch:DescribeAlarms", watching::alarms),
    row("cloudwatch:GetMetricData", watching::lag),
    row("dynamodb:PutItem", locks::recorded),
    row("dynamodb:UpdateItem", locks::taken_and_released),
    row("dynamodb:Query", locks::viewed),
    row("dynamodb:GetItem", locks::asked_and_answered),
    row("rds:DescribeDBClusters", databases::clusters).but(&[Differs {
        field: "a cluster in other letters",
        embedded: "accepted",
        emulator: "DBClusterNotFoundFault",
        why: "identifiers are not case-sensitive (RDS API, DescribeDBClusters); ministack takes them as they are written",
    }]),
    row("rds:DescribeDBInstances", databases::instances),
    row("rds:DescribeGlobalClusters", databases::global),
    row("rds:FailoverDBCluster", databases::fail_over).but(&[Differs {
        field: "a target that is none",
        embedded: "InvalidDBClusterStateFault",
        emulator: "DBInstanceNotFound",
        why: "RDS API, FailoverDBCluster, documents the former and not the latter; an assessment names members only",
    }]),
    row("rds:ModifyDBCluster", databases::isolate),
    row("rds:SwitchoverGlobalCluster", databases::switch_over).but(&[Differs {
        field: "to who writes already",
        embedded: "InvalidDBClusterStateFault",
        emulator: "InvalidGlobalClusterStateFault",
        why: "RDS API, SwitchoverGlobalCluster, documents both, and not which is for this; we read them alike",
    }]),
    row("rds:FailoverGlobalCluster", databases::fail_over_global),
    row("rds:RemoveFromGlobalCluster", databases::detach),
    row("rds:DescribeEvents", databases::events).but(&[Differs {
        field: "tells of the failovers before",
        embedded: "true",
        emulator: "false",
        why: "RDS records them (RDS User Guide, USER_Events.Messages); ministack records nothing of the kind",
    }]),
    row("autoscaling:DescribeAutoScalingGroups", web::groups),
    row("autoscaling:UpdateAutoScalingGroup", web::resize).but(&[Differs {
        field: "more wanted than allowed",
        embedded: "ValidationError",
        emulator: "accepted",
        why: "a desired capacity is at most the maximum (Auto Scaling API, UpdateAutoScalingGroup); ministack checks nothing",
    }]),
    row("elasticache:DescribeReplicationGroups", caches::groups),
    row("elasticloadbalancing:DescribeTargetHealth", web::targets),
    row("elasticloadbalancing:DescribeListeners", web::listeners).but(&[Differs {
        field: "a listener that is none",
        embedded: "ListenerNotFound",
        emulator: "accepted",
        why: "ELBv2 API, DescribeListeners, documents the error; ministack answers with none, which we refuse as well",
    }]),
    row("elasticloadbalancing:ModifyListener", web::freeze),
    row("route53:ListResourceRecordSets", zone::records),
    row("route53:ChangeResourceRecordSets", zone::change).but(&[Differs {
        field: "two primaries",
        embedded: "InvalidChangeBatch",
        emulator: "accepted",
        why: "a name has one primary record (Route 53 Developer Guide, failover records); ministack checks nothing",
    }]),
    row("route53:GetChange", zone::changed),
    row("sns:Publish", people::told),
    row("states:StartExecution", people::started).but(&[
        Differs {
            field: "the same again",
            embedded: "accepted",
            emulator: "ExecutionAlreadyExists",
            why: "while it runs, the same name and input are the same start (Step Functions API); the router takes both",
        },
        Differs {
            field: "input that is no JSON",
            embedded: "InvalidExecutionInput",
            emulator: "accepted",
            why: "Step Functions API, StartExecution, documents the error; ministack checks nothing, and we send JSON",
        },
    ]),
    row("states:SendTaskSuccess", people::answered).but(&[Differs {
        field: "a token that is none",
        embedded: "InvalidToken",
        emulator: "TaskDoesNotExist",
        why: "Step Functions API, SendTaskSuccess, documents both; whoever answers takes them alike",
    }]),
];

/// What a name needs that is moved by an object.
pub(crate) const OBJECTS: &[Row] = &[
    row("s3:PutObject", objects::put).but(&[Differs {
        field: "a bucket of somebody else",
        embedded: "AccessDenied",
        emulator: "accepted",
        why: "S3 refuses another owner than the expected one (S3 User Guide, bucket owner condition); ministack looks at none",
    }]),
    // HeadObject, as IAM calls it.
    row("s3:GetObject", objects::head),
    row("s3:DeleteObject", objects::delete),
];

/// What ministack lacks, on moto.
pub(crate) const MOTO: &[Row] = &[
    row("codedeploy:ListDeployments", deployments::listed).but(&[
        Differs {
            field: "an application that is none",
            embedded: "ApplicationDoesNotExistException",
            emulator: "accepted",
            why: "CodeDeploy API, ListDeployments, documents the error; moto answers with none",
        },
        Differs {
            field: "a group that is none",
            embedded: "DeploymentGroupDoesNotExistException",
            emulator: "accepted",
            why: "CodeDeploy API, ListDeployments, documents the error; moto answers with none",
        },
    ]),
    row("codedeploy:CreateDeployment", deployments::created).but(&[Differs {
        field: "its id begins as AWS's do",
        embedded: "true",
        emulator: "false",
        why: "ids are d- and nine characters (CodeDeploy User Guide); moto has UUIDs, and we read nothing into them",
    }]),
    row("codedeploy:GetDeployment", deployments::described).but(&[Differs {
        field: "its error",
        embedded: "None",
        emulator: "Some(\"no error code: no message\")",
        why: "a deployment that has not failed has no error; moto sends an empty one, which is told to people alone",
    }]),
    row("codedeploy:BatchGetDeployments", deployments::among_several),
    row("autoscaling:TerminateInstanceInAutoScalingGroup", web::terminate).but(&[Differs {
        field: "an instance that is none",
        embedded: "ValidationError",
        emulator: "an error without a code",
        why: "Auto Scaling answers ValidationError; moto fails with status 500",
    }]),
];

/// A DB instance with a replica in the other Region, which ministack does not make: on moto.
pub(crate) const REPLICAS: &[Row] = &[
    row("rds:DescribeDBInstances", replicas::instances).but(&[
        Differs {
            field: "its standby's zone is told",
            embedded: "true",
            emulator: "false",
            why: "a Multi-AZ instance has a SecondaryAvailabilityZone (RDS API, DBInstance); both emulators leave it out",
        },
        Differs {
            field: "whether it replicates is told",
            embedded: "true",
            emulator: "false",
            why: "a replica has StatusInfos (RDS API, DBInstanceStatusInfo); moto leaves them out",
        },
    ]),
    row("rds:ModifyDBInstance", replicas::isolate),
    row("rds:CreateDBInstanceReadReplica", replicas::create).but(&[Differs {
        field: "an identifier that is taken",
        embedded: "DBInstanceAlreadyExists",
        emulator: "accepted",
        why: "RDS API, CreateDBInstanceReadReplica, documents the error; moto makes another of that name",
    }]),
    row("rds:PromoteReadReplica", replicas::promote).but(&[
        Differs {
            field: "an instance that is none",
            embedded: "DBInstanceNotFound",
            emulator: "an error without a code",
            why: "RDS API, PromoteReadReplica, documents the error; moto fails with status 500",
        },
        Differs {
            field: "it follows nobody then",
            embedded: "true",
            emulator: "false",
            why: "a promoted replica is an instance of its own (RDS API, PromoteReadReplica); moto leaves its source set",
        },
    ]),
];
