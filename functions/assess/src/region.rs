//! Both Regions as they are, observed at the same moment. [`judge()`] says what follows.
//!
//! The Region that is to be left may be lost: whatever cannot be observed there is said and goes into the judgement as
//! not known. What cannot be observed here is an error, and observed again.

pub mod facts;
pub mod healing;
pub mod judge;
mod seen;
pub mod signals;

use aws_sdk_servicequotas::Client as ServiceQuotas;
use database::region::half::{self, Half};
use database::region::lag::{self, Measured, Reference};
use database::region::place::Place;
use database::region::{arn, global, is_planned, is_unreachable};
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::region::RegionAssessment;
use domain::system::Move;
use domain::system::region_failover::Replication;
use jiff::Timestamp;
use runtime::aws::classify;

use self::facts::{Facts, Source, Unknown, place};
use self::judge::judge;
use self::seen::VCPU_QUOTA;
use self::signals::Signals;
use crate::Steps;
use crate::judge::Written;

impl<J: Journal> Steps<J> {
    /// Observes both Regions and judges what was seen.
    pub(crate) async fn region(&self, run: &Run) -> Result<RegionAssessment> {
        let now = self.clock.now();
        let planned = is_planned(run)?;
        let moved = self.systems.of_run(run)?.moving_to(&self.region)?;
        let (rds_here, rds_there) = ((self.rds_in)(&moved.to.region), (self.rds_in)(&moved.from.region));
        let (groups_here, groups_there) = (
            (self.autoscaling_in)(&moved.to.region),
            (self.autoscaling_in)(&moved.from.region),
        );
        let replication = &moved.shared.replication;
        let token = format!("{}-{}", run.incident, now.as_millisecond());
        let (view, lock_there, written, global, target, source, lag, group, targets, source_group, quota) = futures_util::join!(
            self.journal.view(&run.system),
            self.lock_there(&moved, run, planned),
            self.write_check
                .stored_and_read_back(&moved.from.write_check, &token),
            observe_global(&rds_here, replication),
            half::observe(&rds_here, replication, moved.to.database.as_str()),
            half::observe(&rds_there, replication, moved.from.database.as_str()),
            self.lag(&moved, run, planned, now),
            capacity::observe::group(&groups_here, &moved.to.web.group),
            capacity::observe::healthy_targets(&self.elbv2, &moved.to.web.target_group),
            capacity::observe::group(&groups_there, &moved.from.web.group),
            self.quota(&moved)
        );
        let mut facts = Facts {
            moved,
            run,
            planned,
            now,
            signals: Signals::read(&moved, &view?, run.opened_at, now),
            lock_there,
            written: match written {
                Ok(()) => Written::Yes,
                Err(Error::NotYet { seen }) => Written::No { seen },
                Err(error) => Written::No {
                    seen: error.to_string(),
                },
            },
            source: source_of(source, &moved, planned)?,
            target: target?,
            global: global?,
            lag: known(lag),
            users_are_here: None,
            group: group?,
            targets: known(targets),
            source_in_service: known(source_group.map(|group| group.in_service)),
            quota: quota.map(known),
        };
        if matches!(place(&facts), Place::Here | Place::Alone) {
            facts.users_are_here = Some(self.users_are_here(&moved, &token).await);
        }
        judge(&facts)
    }

    async fn lag(&self, moved: &Move<'_>, run: &Run, planned: bool, now: Timestamp) -> Result<Measured> {
        let cloudwatch = (self.cloudwatch_in)(&moved.to.region);
        let reference = if planned {
            Reference::Now
        } else {
            Reference::Lost(run.opened_at)
        };
        let identifier = moved.to.database.as_str();
        lag::measure(&cloudwatch, &moved.shared.replication, identifier, reference, now).await
    }

    /// Whether a value that is written through the name arrives at this Region's database. The token is another one
    /// than that of the source's own check, which replication may have brought here.
    async fn users_are_here(&self, moved: &Move<'_>, token: &str) -> std::result::Result<(), Unknown> {
        let (name, here) = (&moved.shared.request, &moved.to.write_check);
        let token = format!("{token}-users");
        let checked = self
            .write_check
            .stored_at_and_read_back_from(name, here, &token)
            .await;
        known(checked)
    }

    async fn quota(&self, moved: &Move<'_>) -> Option<Result<f64>> {
        moved.to.web.vcpus_per_instance?;
        Some(vcpus(&self.servicequotas).await)
    }
}

async fn observe_global(
    rds: &aws_sdk_rds::Client,
    replication: &Replication,
) -> Result<Option<global::Global>> {
    match replication {
        Replication::AuroraGlobal { global_cluster } => {
            global::observe(rds, global_cluster.as_str()).await.map(Some)
        }
        Replication::ReadReplica => Ok(None),
    }
}

/// What RDS in the Region that is to be left says of its database. In an unplanned move nothing that it answers, or
/// does not, is an error. In a planned one it has to answer; that it asks for patience passes.
fn source_of(observed: Result<Option<Half>>, moved: &Move<'_>, planned: bool) -> Result<Source> {
    let from = moved.from;
    match observed {
        Ok(Some(half)) => Ok(Source::Answered(half)),
        Ok(None) => Ok(Source::Unknown(half::missing(
            from.database.as_str(),
            &from.region,
        ))),
        Err(error @ Error::Throttled { .. }) if planned => Err(error),
        Err(error) if is_unreachable(&error) => Ok(Source::Silent(error.to_string())),
        Err(error) if planned => Err(error),
        Err(error) => Ok(Source::Unknown(error.to_string())),
    }
}

fn known<T>(observed: Result<T>) -> std::result::Result<T, Unknown> {
    observed.map_err(|error| Unknown(error.to_string()))
}

/// How many vCPUs of ordinary On-Demand instances the account may run in this Region. Source: EC2 User Guide,
/// ec2-on-demand-instances, "On-Demand Instance quotas" (Running On-Demand Standard instances).
async fn vcpus(client: &ServiceQuotas) -> Result<f64> {
    let answer = client
        .get_service_quota()
        .service_code("ec2")
        .quota_code(VCPU_QUOTA)
        .send()
        .await;
    let call = "servicequotas:GetServiceQuota";
    let answer = answer.map_err(|error| classify(call, error))?;
    let value = answer.quota().and_then(|quota| quota.value());
    value.ok_or_else(|| Error::Refused {
        call: call.to_owned(),
        why: format!("{} has no value", VCPU_QUOTA),
    })
}

/// The ARNs of the target's database and of the source's.
pub(crate) fn arns(moved: &Move<'_>) -> (String, String) {
    (arn(moved, moved.to), arn(moved, moved.from))
}
