//! Looking at a system before a signal is judged: its targets, its group, its deployments.
//!
//! The group, its targets and its deployments at the same time, each call with one attempt. Who does not answer is not
//! waited for: what stays unseen is said, and speaks neither for nor against anything. A router in the standby Region looks
//! at the primary Region too; that it answers says a lot about whether it is lost.

use aws_sdk_codedeploy::Client as CodeDeploy;
use capacity::observe;
use capacity::tier::history::launches_in_vain;
use capacity::zone::observe::Observed;
use deployment::described::{Deployment as Described, Purpose};
use deployment::history::{self, Which};
use domain::facts::{DEPLOYMENTS, Deployment, Facts, Group, Targets};
use domain::names::Region;
use domain::step::Result;
use domain::system::{Deployments, System, WebTier};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use runtime::InRegion;

/// Who can look.
pub struct Look {
    /// Auto Scaling in any Region.
    pub autoscaling_in: InRegion<aws_sdk_autoscaling::Client>,
    /// Elastic Load Balancing in any Region.
    pub elbv2_in: InRegion<aws_sdk_elasticloadbalancingv2::Client>,
    /// CodeDeploy in any Region.
    pub codedeploy_in: InRegion<CodeDeploy>,
}

/// How far back deployments are looked for: longer than any policy blames one for.
const DEPLOYMENTS_SINCE: SignedDuration = SignedDuration::from_hours(24);

/// How many deployments of the whole group are looked for: the newest, which may be to blame, and the one before it.
const ENOUGH: usize = 2;

impl Look {
    /// What is to be seen of a system in its primary Region.
    pub async fn at(&self, system: &System, now: Timestamp) -> Facts {
        let mut facts = Facts {
            at: now,
            targets: None,
            group: None,
            deployments: None,
            unseen: Vec::new(),
        };
        let home = &system.regions.primary;
        let (web, deployments) = join!(
            async {
                match &system.web {
                    Some(web) => Some(self.web(web, home).await),
                    None => None,
                }
            },
            async {
                match &system.deployments {
                    Some(declared) => Some(deployments(&(self.codedeploy_in)(home), declared, now).await),
                    None => None,
                }
            }
        );
        match web {
            Some(Ok((targets, group))) => {
                facts.targets = Some(targets);
                facts.group = Some(group);
            }
            Some(Err(error)) => facts.unseen.push(format!("targets and group: {error}")),
            None => {}
        }
        match deployments {
            Some(Ok(deployments)) => facts.deployments = Some(deployments),
            Some(Err(error)) => facts.unseen.push(format!("deployments: {error}")),
            None => {}
        }
        facts
    }

    async fn web(&self, web: &WebTier, home: &Region) -> Result<(Targets, Group)> {
        let (autoscaling, elbv2) = ((self.autoscaling_in)(home), (self.elbv2_in)(home));
        let (group, targets) = join!(
            observe::group_with_activities(&autoscaling, &web.group),
            observe::healthy_targets(&elbv2, &web.target_group)
        );
        let ((group, activities), targets) = (group?, targets?);
        let known = Group {
            desired: group.size.desired,
            max: group.size.max,
            in_service: group.in_service,
            launches_in_vain: launches_in_vain(&activities?, &targets),
        };
        Ok((Observed::of(group, &targets).targets, known))
    }
}

async fn deployments(client: &CodeDeploy, of: &Deployments, now: Timestamp) -> Result<Vec<Deployment>> {
    let which = Which {
        of,
        succeeded: false,
        since: now.checked_sub(DEPLOYMENTS_SINCE).ok(),
    };
    let is_of_the_group = |one: &&Described| one.purpose != Purpose::Upkeep;
    let enough = |read: &[Described]| read.iter().filter(is_of_the_group).count() >= ENOUGH;
    let history = history::read(client, &which, enough).await?;
    let of_the_group = history.read.iter().filter(is_of_the_group);
    Ok(of_the_group.map(Described::as_fact).take(DEPLOYMENTS).collect())
}
