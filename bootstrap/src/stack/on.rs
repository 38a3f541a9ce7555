//! What permissions are about: from a system file to the ARNs of what it names, as seen from one Region.
//!
//! Formats of ARNs, and whether an action can be held to one at all: Service Authorization Reference, the service's page.

use domain::names::{JOURNAL_TABLE, Region, SELF_TEST};
use domain::system::System;
use domain::system::file::DatabaseKind;
use domain::system::region_failover::{Replication, Site, Traffic, WriteLease};

use super::arn::{arn, in_region, literal};
use super::here::{carries_out, regions};

/// The quota of vCPUs that `assess` asks for. Source: EC2 User Guide, ec2-on-demand-instances (Running On-Demand Standard
/// instances).
const VCPU_QUOTA: &str = "ec2/L-1216C47A";

/// What a permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The journal of this Region.
    Journal,
    /// The journals of both Regions of a system that can move.
    Journals,
    /// The table of the write lease, in this Region.
    WriteLease,
    /// The DB cluster of a system that has no global one.
    Clusters,
    /// The DB instances, in both Regions. Those of a cluster have names that the system file does not know, and RDS lists them
    /// under `db:*` of the Region.
    Instances,
    /// The DB instance that is rebooted with failover.
    OwnInstance,
    /// The DB cluster that is failed over inside this Region, and whichever of its instances is to be the writer. RDS wants both to be
    /// permitted, so that `db:*` alone permits nothing.
    OwnCluster,
    /// The global cluster and both its clusters. Moving it wants all three to be permitted; what knows a global cluster only, or a
    /// cluster only, means nothing to the others. Source: Service Authorization Reference, Amazon RDS, resource types of
    /// each action.
    GlobalClusterAndClusters,
    /// The instances that replicate to another Region, in both.
    Replicas,
    /// The same, and whatever an instance that gave way was made of: its option, parameter and subnet groups are looked up when
    /// its successor is made.
    ReplicasAndTheirGroups,
    /// Every DB instance of both Regions, among which one that gave way is searched by the beginning of its name.
    RetiredInstances,
    /// RDS's events. `*`: DescribeEvents knows no resource. Source: Service Authorization Reference, Amazon RDS.
    DatabaseEvents,
    /// CloudWatch's metrics. `*`: a metric has no ARN. Source: Service Authorization Reference, Amazon CloudWatch.
    Metrics,
    /// The alarms. `*`: a narrower scope hides composite ones. Source: CloudWatch API, DescribeAlarms.
    Alarms,
    /// Auto Scaling groups and their activities, looked at. `*`: Describe actions know no resource. Source: Service
    /// Authorization Reference, Amazon EC2 Auto Scaling.
    GroupsSeen,
    /// The Auto Scaling groups, in both Regions.
    Groups,
    /// The Auto Scaling group of this Region's web tier.
    OwnGroup,
    /// Targets' health. `*`: Describe actions know no resource. Source: Service Authorization Reference, AWS Elastic Load
    /// Balancing V2.
    TargetsSeen,
    /// Listeners, looked at. `*`, as for [`On::TargetsSeen`].
    ListenersSeen,
    /// The listeners, in both Regions.
    Listeners,
    /// The load balancer of this Region's web tier.
    LoadBalancer,
    /// The account's quota of vCPUs in this Region.
    VcpuQuota,
    /// The replication group of this Region, where it is failed over.
    ReplicationGroup,
    /// The global datastore.
    GlobalDatastore,
    /// The object whose being there moves users.
    SwitchObject,
    /// Its bucket.
    SwitchBucket,
    /// The hosted zone whose records are looked at.
    HostedZone,
    /// The same, where the records of one name are changed: see [`Only`](super::only::Only).
    Records,
    /// Changes of records. They have IDs that nobody knows beforehand.
    RecordChanges,
    /// The routing controls.
    RoutingControls,
    /// The deployment group of the primary Region.
    DeploymentGroup,
    /// The application of that group.
    Application,
    /// Deployment configurations: which one an earlier deployment had is found out when it is repeated.
    DeploymentConfigs,
    /// Deployments that are stopped. `*`: StopDeployment knows no resource. Source: Service Authorization Reference, AWS CodeDeploy.
    Deployments,
    /// The state machines that run here, the self-test's too.
    Machines,
    /// Executions that wait for a person. `*`: SendTaskSuccess knows no resource. Source: Service Authorization Reference, AWS Step
    /// Functions.
    Questions,
    /// The topics of who is told here.
    Topics,
}

impl On {
    /// The resources of a system, for a function in a Region. None where the system has no such thing there.
    pub fn of(self, system: &System, here: &Region) -> Vec<String> {
        let seen = Seen { system, here };
        match self {
            Self::Journal => vec![seen.table(here, JOURNAL_TABLE)],
            Self::Journals => regions(system)
                .map(|region| seen.table(region, JOURNAL_TABLE))
                .collect(),
            Self::WriteLease => seen
                .lease()
                .map(|lease| seen.table(here, &literal(&lease.table)))
                .into_iter()
                .collect(),
            Self::Clusters => match seen.replication() {
                Some(Replication::AuroraGlobal { .. }) => Vec::new(),
                Some(Replication::ReadReplica) | None => seen.databases("cluster"),
            },
            Self::Instances => match system.database.kind {
                DatabaseKind::MultiAzInstance => seen.databases("db"),
                DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => {
                    seen.at_home(|| vec![seen.rds(here, "db:*")])
                }
            },
            Self::OwnInstance => match system.database.kind {
                DatabaseKind::MultiAzInstance => seen.at_home(|| vec![seen.own_database("db")]),
                DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => Vec::new(),
            },
            Self::OwnCluster => match system.database.kind {
                DatabaseKind::MultiAzInstance => Vec::new(),
                DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => {
                    seen.at_home(|| vec![seen.own_database("cluster"), seen.rds(here, "db:*")])
                }
            },
            Self::GlobalClusterAndClusters => seen.global_cluster_and_clusters(),
            Self::Replicas => match seen.replication() {
                Some(Replication::ReadReplica) => seen.halves("db"),
                Some(Replication::AuroraGlobal { .. }) | None => Vec::new(),
            },
            Self::ReplicasAndTheirGroups => {
                let mut all = Self::Replicas.of(system, here);
                if !all.is_empty() {
                    let kinds = ["og:*", "pg:*", "subgrp:*"];
                    all.extend(regions(system).flat_map(|region| kinds.map(|kind| seen.rds(region, kind))));
                }
                all
            }
            Self::RetiredInstances => match seen.replication() {
                Some(Replication::ReadReplica) => {
                    regions(system).map(|region| seen.rds(region, "db:*")).collect()
                }
                Some(Replication::AuroraGlobal { .. }) | None => Vec::new(),
            },
            Self::DatabaseEvents | Self::ListenersSeen => anything(system.region_failover.is_some()),
            Self::VcpuQuota => {
                let counts = |site: &Site| site.web.vcpus_per_instance.is_some();
                let quota = || in_region("servicequotas", here, &system.account, VCPU_QUOTA);
                seen.sites().any(counts).then(quota).into_iter().collect()
            }
            Self::Metrics => {
                let replicates = system.database.kind != DatabaseKind::MultiAzInstance;
                anything(replicates || system.region_failover.is_some())
            }
            Self::Alarms => anything(system.alarms.values().any(|alarm| alarm.region == *here)),
            Self::GroupsSeen | Self::TargetsSeen => {
                anything(system.web.is_some() || system.region_failover.is_some())
            }
            Self::Groups => {
                let sites = seen.sites().map(|site| seen.group(&site.region, &site.web.group));
                let mut groups: Vec<String> = sites.collect();
                groups.extend(Self::OwnGroup.of(system, here));
                groups
            }
            Self::OwnGroup => seen.at_home(|| {
                let web = system.web.iter();
                web.map(|web| seen.group(here, &web.group)).collect()
            }),
            Self::Listeners => seen.sites().map(|site| literal(&site.web.listener)).collect(),
            Self::LoadBalancer => seen.at_home(|| {
                let balancers = system.web.iter().filter_map(|web| web.load_balancer.as_deref());
                balancers.map(literal).collect()
            }),
            Self::ReplicationGroup => seen.at_home(|| {
                let group = |name: &str| {
                    let resource = format!("replicationgroup:{}", literal(name));
                    in_region("elasticache", here, &system.account, &resource)
                };
                let caches = system.cache.iter();
                caches.map(|cache| group(&cache.replication_group)).collect()
            }),
            Self::GlobalDatastore => {
                let name = system
                    .region_failover
                    .iter()
                    .filter_map(|shared| shared.global_datastore.as_deref());
                let datastore = |name| format!("globalreplicationgroup:{}", literal(name));
                name.map(|name| arn("elasticache", "", system.account.as_str(), &datastore(name)))
                    .collect()
            }
            Self::SwitchObject => match seen.traffic() {
                Some(Traffic::HealthCheck { bucket, key }) => {
                    vec![arn(
                        "s3",
                        "",
                        "",
                        &format!("{}/{}", literal(bucket), literal(key)),
                    )]
                }
                Some(Traffic::Record { .. } | Traffic::RoutingControl { .. }) | None => Vec::new(),
            },
            Self::SwitchBucket => match seen.traffic() {
                Some(Traffic::HealthCheck { bucket, .. }) => vec![arn("s3", "", "", &literal(bucket))],
                Some(Traffic::Record { .. } | Traffic::RoutingControl { .. }) | None => Vec::new(),
            },
            Self::HostedZone | Self::Records => match seen.traffic() {
                Some(Traffic::Record { hosted_zone, .. }) => {
                    vec![arn(
                        "route53",
                        "",
                        "",
                        &format!("hostedzone/{}", literal(hosted_zone)),
                    )]
                }
                Some(Traffic::HealthCheck { .. } | Traffic::RoutingControl { .. }) | None => Vec::new(),
            },
            Self::RecordChanges => match seen.traffic() {
                Some(Traffic::Record { .. }) => vec![arn("route53", "", "", "change/*")],
                Some(Traffic::HealthCheck { .. } | Traffic::RoutingControl { .. }) | None => Vec::new(),
            },
            Self::RoutingControls => match seen.traffic() {
                Some(Traffic::RoutingControl { primary, standby, .. }) => {
                    vec![literal(primary), literal(standby)]
                }
                Some(Traffic::HealthCheck { .. } | Traffic::Record { .. }) | None => Vec::new(),
            },
            Self::DeploymentGroup => {
                let of = |declared: &domain::system::Deployments| {
                    let (application, group) = (literal(&declared.application), literal(&declared.group));
                    seen.codedeploy(&format!("deploymentgroup:{application}/{group}"))
                };
                system.deployments.iter().map(of).collect()
            }
            Self::Application => {
                let declared = system.deployments.iter();
                let application = |name: &str| seen.codedeploy(&format!("application:{}", literal(name)));
                declared
                    .map(|declared| application(&declared.application))
                    .collect()
            }
            Self::DeploymentConfigs => {
                let declared = system.deployments.iter();
                declared.map(|_| seen.codedeploy("deploymentconfig:*")).collect()
            }
            Self::Deployments => anything(system.deployments.is_some()),
            Self::Machines => domain::names::Recovery::ALL
                .into_iter()
                .filter(|recovery| carries_out(system, *recovery, here))
                .map(|recovery| recovery.state_machine_name())
                .chain([SELF_TEST.to_owned()])
                .map(|name| in_region("states", here, &system.account, &format!("stateMachine:{name}")))
                .collect(),
            Self::Questions => anything(system.region_failover.is_some()),
            Self::Topics => {
                let people = system.people_in(here);
                vec![literal(people.page.as_str()), literal(people.report.as_str())]
            }
        }
    }
}

fn anything(there_is_some: bool) -> Vec<String> {
    there_is_some.then(|| "*".to_owned()).into_iter().collect()
}

/// A system as seen from a Region.
#[derive(Clone, Copy)]
struct Seen<'s> {
    system: &'s System,
    here: &'s Region,
}

impl<'s> Seen<'s> {
    fn at_home(self, resources: impl FnOnce() -> Vec<String>) -> Vec<String> {
        if self.system.regions.primary == *self.here {
            resources()
        } else {
            Vec::new()
        }
    }

    fn sites(self) -> impl Iterator<Item = &'s Site> {
        self.system
            .region_failover
            .iter()
            .flat_map(|shared| &shared.sites)
    }

    fn replication(self) -> Option<&'s Replication> {
        self.system
            .region_failover
            .as_ref()
            .map(|shared| &shared.replication)
    }

    fn traffic(self) -> Option<&'s Traffic> {
        self.system.region_failover.as_ref().map(|shared| &shared.traffic)
    }

    fn lease(self) -> Option<&'s WriteLease> {
        self.system.region_failover.as_ref()?.write_lease.as_ref()
    }

    fn table(self, region: &Region, name: &str) -> String {
        in_region("dynamodb", region, &self.system.account, &format!("table/{name}"))
    }

    fn rds(self, region: &Region, resource: &str) -> String {
        in_region("rds", region, &self.system.account, resource)
    }

    /// RDS keeps identifiers in lower case (RDS API, CreateDBInstance), and IAM compares ARNs as they are written.
    fn own_database(self, kind: &str) -> String {
        let identifier = self.system.database.identifier.as_str().to_ascii_lowercase();
        self.rds(&self.system.regions.primary, &format!("{kind}:{identifier}"))
    }

    /// Both halves of a database that replicates to another Region.
    fn halves(self, kind: &str) -> Vec<String> {
        let half = |site: &Site| {
            let identifier = site.database.as_str().to_ascii_lowercase();
            self.rds(&site.region, &format!("{kind}:{identifier}"))
        };
        self.sites().map(half).collect()
    }

    /// The databases that are of that kind, in every Region.
    fn databases(self, kind: &str) -> Vec<String> {
        let own = match self.system.database.kind {
            DatabaseKind::MultiAzInstance => "db",
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => "cluster",
        };
        if own != kind {
            return Vec::new();
        }
        if self.system.region_failover.is_some() {
            self.halves(kind)
        } else {
            vec![self.own_database(kind)]
        }
    }

    fn global_cluster_and_clusters(self) -> Vec<String> {
        match self.replication() {
            Some(Replication::AuroraGlobal { global_cluster }) => {
                let identifier = global_cluster.as_str().to_ascii_lowercase();
                let resource = format!("global-cluster:{identifier}");
                let mut all = vec![arn("rds", "", self.system.account.as_str(), &resource)];
                all.extend(self.halves("cluster"));
                all
            }
            Some(Replication::ReadReplica) | None => Vec::new(),
        }
    }

    /// The name of a group is in its ARN behind an ID that the system file does not know.
    fn group(self, region: &Region, name: &str) -> String {
        let resource = format!("autoScalingGroup:*:autoScalingGroupName/{}", literal(name));
        in_region("autoscaling", region, &self.system.account, &resource)
    }

    /// Deployments are those of the primary Region, wherever they are looked at from.
    fn codedeploy(self, resource: &str) -> String {
        in_region(
            "codedeploy",
            &self.system.regions.primary,
            &self.system.account,
            resource,
        )
    }
}
