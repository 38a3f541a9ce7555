//! The system file as it is written. Field documentation here is what editors show, through the JSON Schema.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::duration::Duration;
use crate::names::{AccountId, DbIdentifier, Region, SystemName, TopicArn, Zone};
use crate::system::region_failover::{Hostname, Isolation, Replication, Traffic, Web, WriteLease};
use crate::system::tier::{Cache, Deployments, WebTier};

/// An application that Evenkeel keeps upright.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "evenkeel.toml")]
pub struct SystemFile {
    /// What people call the application.
    pub name: SystemName,
    /// The AWS account it runs in. Quoted, because account numbers may begin with zero.
    pub account: AccountId,
    /// Where it runs.
    pub regions: RegionsTable,
    /// Its database.
    pub database: DatabaseTable,
    /// What serves users in the primary Region. Needed by recoveries of deployments, zones, instances and load.
    #[schemars(with = "Option<WebTier>")]
    pub web: Option<Spanned<WebTier>>,
    /// How the application is deployed.
    #[schemars(with = "Option<Deployments>")]
    pub deployments: Option<Spanned<Deployments>>,
    /// Its cache in the primary Region.
    pub cache: Option<Cache>,
    /// The CloudWatch alarms that Evenkeel listens to, and what each means.
    #[serde(default)]
    pub alarms: Vec<AlarmTable>,
    /// What a move to the standby Region has to know. Goes with `regions.standby`.
    #[schemars(with = "Option<RegionFailoverTable>")]
    pub region_failover: Option<Spanned<RegionFailoverTable>>,
    /// What was promised about it.
    pub objectives: ObjectivesTable,
    /// What may run by itself, and when.
    #[serde(default)]
    pub policy: PolicyTable,
    /// Who is told.
    pub people: PeopleTable,
}

/// Where the application runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegionsTable {
    /// Where it serves from on an ordinary day.
    #[schemars(with = "Region")]
    pub primary: Spanned<Region>,
    /// Where it would serve from if the primary were lost. Leave out if there is no second Region.
    #[schemars(with = "Option<Region>")]
    pub standby: Option<Spanned<Region>>,
}

/// The database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseTable {
    /// Which kind of high availability it has.
    #[schemars(with = "DatabaseKind")]
    pub kind: Spanned<DatabaseKind>,
    /// Name of the DB instance (for `multi-az-instance`) or of the DB cluster (for the other kinds).
    pub identifier: DbIdentifier,
    /// A URL of the application that stores what is PUT to it through the database's writer endpoint, and answers
    /// GET with what it reads back from there. Evenkeel believes that the database is writable when both agree.
    pub write_check: HttpsUrl,
}

/// A kind of database high availability inside one Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// RDS Multi-AZ DB instance: one standby in another zone, which cannot be read. Fails over by RebootDBInstance.
    MultiAzInstance,
    /// RDS Multi-AZ DB cluster: a writer and two readable standbys in three zones. Fails over by FailoverDBCluster.
    MultiAzCluster,
    /// Aurora cluster: a writer and replicas on shared storage. Fails over by FailoverDBCluster.
    Aurora,
}

impl DatabaseKind {
    /// How long AWS documents its failover to take at most, as far as it says so.
    ///
    /// Sources: RDS User Guide, Concepts.MultiAZ.Failover (typically 60 to 120 s); RDS User Guide,
    /// multi-az-db-clusters-concepts-failover (typically under 35 s); Aurora User Guide,
    /// Concepts.AuroraHighAvailability (under 60 s with a replica).
    pub const fn documented_failover(self) -> Duration {
        match self {
            Self::MultiAzInstance => Duration::from_secs(120),
            Self::MultiAzCluster => Duration::from_secs(35),
            Self::Aurora => Duration::from_secs(60),
        }
    }
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MultiAzInstance => "multi-az-instance",
            Self::MultiAzCluster => "multi-az-cluster",
            Self::Aurora => "aurora",
        })
    }
}

/// One CloudWatch alarm and its meaning.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AlarmTable {
    /// The alarm's name in CloudWatch, exactly.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// What it means when it is in ALARM.
    pub means: Meaning,
    /// What it looks at. Needed for `region-down`: two alarms that look at the same thing are one signal.
    pub watches: Option<Watches>,
    /// The Region that it lives in. The primary, if left out. An alarm that means `region-down` lives in the standby
    /// Region, or it is lost with the Region it is about.
    #[schemars(with = "Option<Region>")]
    pub region: Option<Spanned<Region>>,
    /// The Availability Zone that it is about. Goes with `zone-impaired`.
    #[schemars(with = "Option<Zone>")]
    pub zone: Option<Spanned<Zone>>,
}

/// What an alarm looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Watches {
    /// Whether the Region answers, as probed from the standby Region.
    Reachability,
    /// Whether users are served, as their own devices or probes elsewhere report it.
    Users,
    /// Whether data still arrives from the Region's database.
    Replication,
}

impl fmt::Display for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Reachability => "reachability",
            Self::Users => "users",
            Self::Replication => "replication",
        })
    }
}

/// What an alarm means when it is in ALARM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The database's writer does not accept writes.
    DatabaseDown,
    /// Users are failing, for whatever reason. Starts nothing by itself, but can confirm another alarm.
    UserImpact,
    /// The Region that serves is lost. Two of these that look at different things are needed to start a move.
    RegionDown,
    /// One Availability Zone does not serve as the others do: errors or unhealthy targets there. Needs `zone`.
    ZoneImpaired,
    /// Targets are unhealthy, wherever they are.
    InstancesUnhealthy,
    /// The load comes near what the instances carry. Its threshold is the load that one wants them to have.
    LoadHigh,
    /// The cache's primary does not serve.
    CacheDown,
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DatabaseDown => "database-down",
            Self::UserImpact => "user-impact",
            Self::RegionDown => "region-down",
            Self::ZoneImpaired => "zone-impaired",
            Self::InstancesUnhealthy => "instances-unhealthy",
            Self::LoadHigh => "load-high",
            Self::CacheDown => "cache-down",
        })
    }
}

/// What was promised about the application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ObjectivesTable {
    /// Recovery time objective: longest time without service after a failure.
    #[schemars(with = "Duration")]
    pub rto: Spanned<Duration>,
    /// Recovery point objective: largest loss of acknowledged writes, as the time in which they were made. In-Region
    /// failovers of RDS and Aurora lose none.
    #[serde(default)]
    pub rpo: Duration,
    /// Smallest share of requests that must be served over a rehearsal's window, in percent.
    pub availability: Option<Percent>,
}

/// What may run by itself, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyTable {
    /// A signal that arrives later than this after it happened starts nothing. EventBridge retries deliveries for up
    /// to 24 hours.
    #[serde(default = "default_signal_max_age")]
    pub signal_max_age: Duration,
    /// The in-Region database failover.
    #[serde(default)]
    pub fail_over_database: RecoveryPolicyTable,
    /// The unplanned move to the standby Region.
    #[serde(default)]
    pub fail_over_region: RegionPolicyTable,
    /// Going back to the last good revision. Errors that begin within `blame-within` of a deployment are its doing.
    #[serde(default)]
    pub roll_back_deployment: RollBackPolicyTable,
    /// Leaving an Availability Zone.
    #[serde(default)]
    pub evacuate_zone: OtherPolicyTable,
    /// Using an Availability Zone again that was left.
    #[serde(default)]
    pub return_to_zone: ReturnPolicyTable,
    /// Replacing unhealthy instances.
    #[serde(default)]
    pub replace_instances: ReplacePolicyTable,
    /// Adding instances ahead of need.
    #[serde(default)]
    pub scale_out: ScaleOutPolicyTable,
    /// Moving the cache's primary.
    #[serde(default)]
    pub fail_over_cache: OtherPolicyTable,
    /// How long users may fail for no known reason before a person is paged.
    #[serde(default = "default_page_after")]
    pub page_after: Duration,
}

const fn default_page_after() -> Duration {
    Duration::from_mins(5)
}

/// When a recovery may run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OtherPolicyTable {
    /// `automatic`: by itself. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_other_cooldown")]
    pub cooldown: Duration,
}

impl Default for OtherPolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_other_cooldown(),
        }
    }
}

const fn default_other_cooldown() -> Duration {
    Duration::from_mins(30)
}

/// When a zone that was left may be used again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReturnPolicyTable {
    /// `page`: people are told once that the zone looks well, and one of them starts it. `automatic`: by itself. Only for
    /// zones whose alarms see something while no user is sent there, a canary above all: otherwise they are silent
    /// whether the zone is well or not.
    #[serde(default = "by_a_person")]
    pub mode: Mode,
    /// How long after one return the next may not start by itself: a zone that fails again in that time is a person's to
    /// judge (the flap guard).
    #[serde(default = "default_return_cooldown")]
    pub cooldown: Duration,
}

impl Default for ReturnPolicyTable {
    fn default() -> Self {
        Self {
            mode: by_a_person(),
            cooldown: default_return_cooldown(),
        }
    }
}

const fn by_a_person() -> Mode {
    Mode::Page
}

const fn default_return_cooldown() -> Duration {
    Duration::from_mins(12 * 60)
}

/// When a deployment may be rolled back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RollBackPolicyTable {
    /// `automatic`: by itself. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_other_cooldown")]
    pub cooldown: Duration,
    /// How long after a deployment began errors count as its doing.
    #[serde(default = "default_blame_within")]
    pub blame_within: Duration,
}

impl Default for RollBackPolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_other_cooldown(),
            blame_within: default_blame_within(),
        }
    }
}

const fn default_blame_within() -> Duration {
    Duration::from_mins(30)
}

/// When instances may be replaced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplacePolicyTable {
    /// `automatic`: by itself. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_short_cooldown")]
    pub cooldown: Duration,
    /// How many instances may be replaced in an hour. More than that is no problem of instances.
    #[serde(default = "default_per_hour")]
    pub per_hour: u32,
}

impl Default for ReplacePolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_short_cooldown(),
            per_hour: default_per_hour(),
        }
    }
}

const fn default_short_cooldown() -> Duration {
    Duration::from_mins(5)
}

const fn default_per_hour() -> u32 {
    4
}

/// When instances may be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScaleOutPolicyTable {
    /// `automatic`: by itself. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_short_cooldown")]
    pub cooldown: Duration,
}

impl Default for ScaleOutPolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_short_cooldown(),
        }
    }
}

impl Default for PolicyTable {
    fn default() -> Self {
        Self {
            signal_max_age: default_signal_max_age(),
            fail_over_database: RecoveryPolicyTable::default(),
            fail_over_region: RegionPolicyTable::default(),
            roll_back_deployment: RollBackPolicyTable::default(),
            evacuate_zone: OtherPolicyTable::default(),
            return_to_zone: ReturnPolicyTable::default(),
            replace_instances: ReplacePolicyTable::default(),
            scale_out: ScaleOutPolicyTable::default(),
            fail_over_cache: OtherPolicyTable::default(),
            page_after: default_page_after(),
        }
    }
}

const fn default_signal_max_age() -> Duration {
    Duration::from_mins(15)
}

/// When one recovery may run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecoveryPolicyTable {
    /// `automatic`: by itself. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_cooldown")]
    #[schemars(with = "Duration")]
    pub cooldown: Spanned<Duration>,
    /// Names of declared alarms of which at least one must be in ALARM too before the recovery runs.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub confirmed_by: Vec<Spanned<String>>,
}

impl Default for RecoveryPolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_cooldown(),
            confirmed_by: Vec::new(),
        }
    }
}

fn default_cooldown() -> Spanned<Duration> {
    Spanned::new(0..0, Duration::from_mins(30))
}

/// When a system may begin to move to the other Region without having been told to. Whatever this says, nothing is
/// promoted until a person has approved it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegionPolicyTable {
    /// `automatic`: it begins by itself and asks before it promotes. `page`: a person is paged instead.
    #[serde(default)]
    pub mode: Mode,
    /// How long after one run the next may not start by itself (the flap guard).
    #[serde(default = "default_cooldown")]
    #[schemars(with = "Duration")]
    pub cooldown: Spanned<Duration>,
    /// How long two independent signals must have held before anything is done.
    #[serde(default = "default_window")]
    pub window: Duration,
}

impl Default for RegionPolicyTable {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cooldown: default_cooldown(),
            window: default_window(),
        }
    }
}

const fn default_window() -> Duration {
    Duration::from_secs(60)
}

/// What a move to the standby Region has to know. Everything is a literal: nothing is looked up while a Region is
/// lost.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegionFailoverTable {
    /// How the database reaches the standby Region.
    pub replication: Replication,
    /// The name under which users reach the system.
    pub hostname: Hostname,
    /// The write check through that name.
    #[schemars(with = "HttpsUrl")]
    pub request: Spanned<HttpsUrl>,
    /// How long resolvers may keep an answer for the name.
    pub ttl: Duration,
    /// The authoritative name servers of the name's zone, as its delegation lists them.
    pub name_servers: Vec<Hostname>,
    /// How users are moved.
    pub traffic: Traffic,
    /// An ElastiCache global datastore to promote as well.
    pub global_datastore: Option<String>,
    /// The lease under which the application takes writes, if it has one.
    #[schemars(with = "Option<WriteLease>")]
    pub write_lease: Option<Spanned<WriteLease>>,
    /// The primary Region's half. Its database and its people are the keys `database` and `people`.
    pub primary: PrimarySiteTable,
    /// The standby Region's half.
    pub standby: StandbySiteTable,
}

/// The primary Region's half.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PrimarySiteTable {
    /// What serves users there.
    #[schemars(with = "Web")]
    pub web: Spanned<Web>,
    /// How the database there is cut off.
    pub isolation: Isolation,
    /// The ElastiCache replication group there.
    pub cache: Option<String>,
}

/// The standby Region's half.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StandbySiteTable {
    /// The DB cluster (`aurora-global`) or DB instance (`read-replica`) there.
    pub database: DbIdentifier,
    /// The write check through the standby Region's own load balancer.
    pub write_check: HttpsUrl,
    /// What serves users there.
    #[schemars(with = "Web")]
    pub web: Spanned<Web>,
    /// How the database there is cut off.
    pub isolation: Isolation,
    /// The ElastiCache replication group there.
    pub cache: Option<String>,
    /// Who is told when the system moves there: topics in the standby Region.
    pub people: PeopleTable,
}

/// Whether a recovery starts by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It starts by itself when its signals say so.
    #[default]
    Automatic,
    /// It never starts by itself; a person is paged.
    Page,
}

/// Who is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PeopleTable {
    /// SNS topic that wakes somebody.
    #[schemars(with = "TopicArn")]
    pub page: Spanned<TopicArn>,
    /// SNS topic for what needs nobody to act. The page topic, if left out.
    #[schemars(with = "Option<TopicArn>")]
    pub report: Option<Spanned<TopicArn>>,
}

/// An `https` URL with a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, without the port.
    pub fn host(&self) -> &str {
        let rest = self.0.trim_start_matches("https://");
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.split(':').next().unwrap_or_default()
    }
}

impl FromStr for HttpsUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text
            .strip_prefix("https://")
            .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        match host {
            Some(host) if !host.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!(
                "`{text}` is not an https URL: expected `https://HOST/PATH`"
            )),
        }
    }
}

impl TryFrom<String> for HttpsUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HttpsUrl> for String {
    fn from(url: HttpsUrl) -> Self {
        url.0
    }
}

impl JsonSchema for HttpsUrl {
    fn schema_name() -> Cow<'static, str> {
        "HttpsUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^https://[^/?#]+", "format": "uri" })
    }
}

/// A share in percent, above 0 and at most 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent(f64);

impl Percent {
    /// As a number between 0 and 100.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if value > 0.0 && value <= 100.0 {
            Ok(Self(value))
        } else {
            Err(format!(
                "{value} is no such percentage: expected above 0 and at most 100"
            ))
        }
    }
}

impl From<Percent> for f64 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 100 })
    }
}

/// The JSON Schema of the system file.
pub fn schema() -> Schema {
    schemars::schema_for!(SystemFile)
}
