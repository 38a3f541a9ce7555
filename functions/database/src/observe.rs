//! A database as RDS describes it.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use domain::names::Zone;
use domain::step::{Error, Result};
use domain::steps::assess::Writer;
use domain::system::{Database, DatabaseKind};
use runtime::aws::classify;

/// A database as RDS describes it at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Status of the DB instance (`multi-az-instance`) or DB cluster, in RDS's words.
    pub status: String,
    /// The engine, in RDS's words.
    pub engine: String,
    /// Who writes.
    pub writer: Writer,
    /// Status of the writer's DB instance.
    pub writer_status: String,
    /// Who could write instead.
    pub standby: Standby,
}

/// Who could write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standby {
    /// The zone of a Multi-AZ instance's standby, if it has one.
    Zone(Option<Zone>),
    /// The readers of a cluster.
    Readers(Vec<Reader>),
}

/// A reader of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its DB instance.
    pub instance: String,
    /// Its zone.
    pub zone: Zone,
    /// Its DB instance's status, in RDS's words.
    pub status: String,
    /// Promotion tier, 0 (first) to 15 (last).
    pub tier: i32,
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Writer { instance, zone } = &self.writer;
        write!(
            f,
            "status {}, writer {instance} ({}) in {zone}",
            self.status, self.writer_status
        )?;
        match &self.standby {
            Standby::Zone(Some(zone)) => write!(f, ", standby in {zone}"),
            Standby::Zone(None) => f.write_str(", no standby"),
            Standby::Readers(readers) => readers.iter().try_for_each(|reader| {
                write!(
                    f,
                    ", reader {} ({}) in {} tier {}",
                    reader.instance, reader.status, reader.zone, reader.tier
                )
            }),
        }
    }
}

/// Describes a database.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`; `NotYet` while RDS's answer has no writer, as in the middle of a failover.
pub async fn observe(rds: &Client, database: &Database) -> Result<Observed> {
    match database.kind {
        DatabaseKind::MultiAzInstance => instance(rds, database.identifier.as_str()).await,
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => {
            cluster(rds, database.identifier.as_str()).await
        }
    }
}

async fn instance(rds: &Client, identifier: &str) -> Result<Observed> {
    let answer = rds
        .describe_db_instances()
        .db_instance_identifier(identifier)
        .send()
        .await;
    let answer = answer.map_err(|error| classify("rds:DescribeDBInstances", error))?;
    let instance = answer.db_instances().first().ok_or_else(|| Error::NotYet {
        seen: format!("DescribeDBInstances answered without {identifier}"),
    })?;
    let status = instance.db_instance_status().unwrap_or_default().to_owned();
    Ok(Observed {
        writer: Writer {
            instance: identifier.to_owned(),
            zone: zone(instance)?,
        },
        writer_status: status.clone(),
        status,
        engine: instance.engine().unwrap_or_default().to_owned(),
        standby: Standby::Zone(
            instance
                .secondary_availability_zone()
                .filter(|_| instance.multi_az() == Some(true))
                .map(|z| Zone(z.to_owned())),
        ),
    })
}

async fn cluster(rds: &Client, identifier: &str) -> Result<Observed> {
    let members = Filter::builder().name("db-cluster-id").values(identifier).build();
    let (clusters, instances) = futures_util::join!(
        rds.describe_db_clusters()
            .db_cluster_identifier(identifier)
            .send(),
        rds.describe_db_instances().filters(members).send()
    );
    let clusters = clusters.map_err(|error| classify("rds:DescribeDBClusters", error))?;
    let instances = instances.map_err(|error| classify("rds:DescribeDBInstances", error))?;
    let cluster = clusters.db_clusters().first().ok_or_else(|| Error::NotYet {
        seen: format!("DescribeDBClusters answered without {identifier}"),
    })?;
    let by_name: BTreeMap<&str, &DbInstance> = instances
        .db_instances()
        .iter()
        .map(|i| (i.db_instance_identifier().unwrap_or_default(), i))
        .collect();
    assemble(cluster, &by_name)
}

fn assemble(cluster: &DbCluster, instances: &BTreeMap<&str, &DbInstance>) -> Result<Observed> {
    let mut writer = None;
    let mut readers = Vec::new();
    for member in cluster.db_cluster_members() {
        let name = member.db_instance_identifier().unwrap_or_default();
        // A member that is being created or deleted can stand in one answer and not in the other.
        let Some(instance) = instances.get(name) else {
            continue;
        };
        let (zone, status) = (
            zone(instance)?,
            instance.db_instance_status().unwrap_or_default().to_owned(),
        );
        if member.is_cluster_writer() == Some(true) {
            writer = Some((
                Writer {
                    instance: name.to_owned(),
                    zone,
                },
                status,
            ));
        } else {
            let tier = member.promotion_tier().unwrap_or(LAST_TIER);
            readers.push(Reader {
                instance: name.to_owned(),
                zone,
                status,
                tier,
            });
        }
    }
    let status = cluster.status().unwrap_or_default().to_owned();
    let (writer, writer_status) = writer.ok_or_else(|| Error::NotYet {
        seen: format!("cluster status {status}, no member is the writer"),
    })?;
    Ok(Observed {
        status,
        engine: cluster.engine().unwrap_or_default().to_owned(),
        writer,
        writer_status,
        standby: Standby::Readers(readers),
    })
}

/// Promotion tiers go from 0 to 15. Source: RDS API, CreateDBInstance, `PromotionTier`.
const LAST_TIER: i32 = 15;

fn zone(instance: &DbInstance) -> Result<Zone> {
    instance
        .availability_zone()
        .map(|zone| Zone(zone.to_owned()))
        .ok_or_else(|| Error::NotYet {
            seen: format!(
                "{} has no Availability Zone yet",
                instance.db_instance_identifier().unwrap_or_default()
            ),
        })
}
