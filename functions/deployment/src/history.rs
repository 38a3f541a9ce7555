//! The deployments of a group, newest first, as far back as is needed.
//!
//! ListDeployments answers with ids, page by page, and BatchGetDeployments says what they are. CodeDeploy lists the
//! newest first, which no document promises; so reading ends early only while what was read keeps that order, and goes on
//! to the bound where it does not.

use std::fmt;

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::primitives::DateTime;
use aws_sdk_codedeploy::types::{DeploymentStatus as Word, TimeRange};
use domain::step::Result;
use domain::system::Deployments;
use jiff::Timestamp;
use runtime::aws::classify;

use crate::described::Deployment;

const LIST: &str = "codedeploy:ListDeployments";
const DESCRIBE: &str = "codedeploy:BatchGetDeployments";

/// How many deployments can be described at once. Source: CodeDeploy API, BatchGetDeployments.
const AT_ONCE: usize = 25;

/// How many pages of ids are read at most.
pub const PAGES: usize = 5;

/// How many deployments are looked at most: twenty calls, which end well within the time that a function has.
pub const LONGEST: usize = 500;

/// Which deployments of a group to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which<'a> {
    /// The group.
    pub of: &'a Deployments,
    /// Only those that succeeded.
    pub succeeded: bool,
    /// Only those that were created then or later.
    pub since: Option<Timestamp>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The deployments, newest first.
    pub read: Vec<Deployment>,
    /// How far that goes.
    pub reach: Reach,
}

/// How far a history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as was asked for.
    Enough,
    /// These are all there are.
    Everything,
    /// There are more, and they were not looked at.
    Bound,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.read.len();
        match self.reach {
            Reach::Enough => write!(f, "the newest {count} deployments were looked at"),
            Reach::Everything => write!(f, "all {count} deployments that CodeDeploy lists were looked at"),
            Reach::Bound => write!(
                f,
                "{count} deployments were looked at, which is the bound; there are more"
            ),
        }
    }
}

/// Reads deployments until they are enough, there are no more, or the bound is reached.
///
/// # Errors
/// `Refused` when there is no such group; `Throttled`, `Unavailable`.
pub async fn read(
    codedeploy: &Client,
    which: &Which<'_>,
    enough: impl Fn(&[Deployment]) -> bool,
) -> Result<History> {
    let mut read: Vec<Deployment> = Vec::new();
    let mut token = None;
    let mut reach = Reach::Bound;
    'pages: for _ in 0..PAGES {
        let (ids, next) = list(codedeploy, which, token).await?;
        for ids in ids.chunks(AT_ONCE) {
            if read.len() + ids.len() > LONGEST {
                break 'pages;
            }
            read.extend(describe(codedeploy, ids).await?);
            // One alone is in any order.
            let in_order = read.len() > 1 && read.is_sorted_by(|one, next| one.created_at >= next.created_at);
            if in_order && enough(&read) {
                reach = Reach::Enough;
                break 'pages;
            }
        }
        match next {
            None => {
                reach = Reach::Everything;
                break;
            }
            next => token = next,
        }
    }
    // Stable: of two that were created in one instant, CodeDeploy's own order stays.
    read.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    if let Some(since) = which.since {
        read.retain(|deployment| deployment.created_at >= since);
    }
    Ok(History { read, reach })
}

async fn list(
    codedeploy: &Client,
    which: &Which<'_>,
    token: Option<String>,
) -> Result<(Vec<String>, Option<String>)> {
    let since = which.since.map(|since| {
        let whole_seconds = DateTime::from_secs(since.as_second());
        TimeRange::builder().start(whole_seconds).build()
    });
    let answer = codedeploy
        .list_deployments()
        .application_name(&which.of.application)
        .deployment_group_name(&which.of.group)
        .set_include_only_statuses(which.succeeded.then(|| vec![Word::Succeeded]))
        .set_create_time_range(since)
        .set_next_token(token)
        .send()
        .await;
    let answer = answer.map_err(|error| classify(LIST, error))?;
    let next = answer
        .next_token()
        .filter(|token| !token.is_empty())
        .map(str::to_owned);
    Ok((answer.deployments().to_vec(), next))
}

/// Says what some deployments are, in the order of their ids.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn describe(codedeploy: &Client, ids: &[String]) -> Result<Vec<Deployment>> {
    let answer = codedeploy
        .batch_get_deployments()
        .set_deployment_ids(Some(ids.to_vec()))
        .send()
        .await;
    let answer = answer.map_err(|error| classify(DESCRIBE, error))?;
    let known: Vec<Deployment> = answer.deployments_info().iter().map(Deployment::from).collect();
    let of = |id: &String| known.iter().find(|deployment| deployment.id == *id).cloned();
    Ok(ids.iter().filter_map(of).collect())
}
