//! `evenkeel doctor`: whether an account is as the verbs need it. Nothing is changed.
//!
//! | module | looks at |
//! |---|---|
//! | `credentials` | whose they are, and this machine's clock |
//! | `deployed` | the stack, the journal, the machines |
//! | `quotas` | quotas that a recovery would meet |

mod credentials;
mod deployed;
mod quotas;

use std::process::ExitCode;

use domain::names::Region;
use domain::system::{System, Systems};
use evenkeel::stack::here;
use serde::Serialize;

use crate::account::{self, Account, Error};
use crate::cli::Doctor;
use crate::failure::Failure;
use crate::show;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) region: Region,
    /// What was looked at, in a word or two.
    pub(crate) what: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) seen: String,
    /// What to do about it, where there is something to do.
    pub(crate) hint: Option<String>,
}

/// Whether it is as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Good,
    Wrong,
    /// It could not be seen.
    Unknown,
    /// It could not be seen, and no verb depends on it.
    Unseen,
}

/// A Region, and who lives in it.
struct Place<'a> {
    account: &'a Account,
    region: &'a Region,
    systems: Vec<&'a System>,
}

pub(crate) fn run(asked: &Doctor) -> Result<ExitCode, Failure> {
    let systems: Systems = super::read_systems(&asked.files)?.into();
    let findings = account::block_on(async {
        let account = Account::open(&asked.aws).await?;
        let all: Vec<&System> = systems.iter().collect();
        let mut findings = Vec::new();
        for region in super::operate::regions(&all, asked.aws.region.as_ref()) {
            let lives_here = |system: &&System| here::regions(system).any(|lived| *lived == region);
            let place = Place {
                account: &account,
                region: &region,
                systems: all.iter().copied().filter(lives_here).collect(),
            };
            examine(&place, &mut findings).await;
        }
        Ok::<_, Failure>(findings)
    })??;
    let mut out = anstream::stdout().lock();
    if asked.json {
        super::operate::json(&mut out, &findings)?;
    } else {
        show::checkup::write(&mut out, &findings)?;
    }
    let well = findings
        .iter()
        .all(|finding| matches!(finding.verdict, Verdict::Good | Verdict::Unseen));
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(place: &Place<'_>, findings: &mut Vec<Finding>) {
    if place.systems.is_empty() {
        let hint = "name a Region in which one does, or leave --region out".to_owned();
        let seen = "none of the systems lives here".to_owned();
        findings.push(place.found("systems", Verdict::Wrong, seen, Some(hint)));
        return;
    }
    let begun = findings.len();
    findings.extend(credentials::examine(place).await);
    // Whoever is not known there, or is somebody else, is told nothing more by looking on.
    if findings
        .iter()
        .skip(begun)
        .any(|finding| finding.what == credentials::ACCOUNT && finding.verdict != Verdict::Good)
    {
        return;
    }
    findings.push(deployed::stack(place).await);
    findings.push(deployed::journal(place).await);
    findings.push(deployed::machines(place).await);
    findings.push(deployed::runs(place).await);
    findings.push(quotas::concurrency(place).await);
}

impl Place<'_> {
    fn found(&self, what: &'static str, verdict: Verdict, seen: String, hint: Option<String>) -> Finding {
        Finding {
            region: self.region.clone(),
            what,
            verdict,
            seen,
            hint,
        }
    }

    fn good(&self, what: &'static str, seen: String) -> Finding {
        self.found(what, Verdict::Good, seen, None)
    }

    /// A call failed: silence says nothing about what was asked for.
    fn failed(&self, what: &'static str, error: &Error) -> Finding {
        let verdict = match error {
            Error::Unreachable { .. } | Error::Throttled { .. } => Verdict::Unknown,
            _ => Verdict::Wrong,
        };
        self.found(what, verdict, error.to_string(), Some(error.hint()))
    }
}
