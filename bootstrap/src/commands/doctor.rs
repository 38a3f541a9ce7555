//! `evenkeel doctor`: whether an account is as the verbs need it. Nothing is changed.

use std::io::Write;
use std::process::ExitCode;

use domain::names::Region;
use domain::system::System;
use serde::Serialize;

use crate::account::{self, Account};
use crate::cli::Doctor;
use crate::failure::Failure;
use crate::show;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Where, if it is a matter of one Region.
    pub(crate) region: Option<Region>,
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
}

pub(crate) fn run(asked: &Doctor) -> Result<ExitCode, Failure> {
    let systems = super::read_systems(&asked.files)?;
    let findings = account::block_on(async {
        let account = Account::open(&asked.aws).await?;
        let mut findings = Vec::new();
        for region in regions(&systems, asked.aws.region.as_ref()) {
            findings.push(is_the_account(&account, &systems, &region).await);
        }
        Ok::<_, Failure>(findings)
    })??;
    let mut out = anstream::stdout().lock();
    if asked.json {
        let json = serde_json::to_string_pretty(&findings).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        show::checkup::write(&mut out, &findings)?;
    }
    let well = findings.iter().all(|finding| finding.verdict != Verdict::Wrong);
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The Regions that systems live in, or the one that was named.
fn regions(systems: &[System], named: Option<&Region>) -> Vec<Region> {
    if let Some(region) = named {
        return vec![region.clone()];
    }
    let mut regions: Vec<Region> = systems
        .iter()
        .flat_map(evenkeel::stack::here::regions)
        .cloned()
        .collect();
    regions.sort();
    regions.dedup();
    regions
}

async fn is_the_account(account: &Account, systems: &[System], region: &Region) -> Finding {
    let finding = |verdict, seen, hint| Finding {
        region: Some(region.clone()),
        what: "account",
        verdict,
        seen,
        hint,
    };
    match account.identity(region).await {
        Err(error @ (account::Error::Unreachable { .. } | account::Error::Throttled { .. })) => {
            finding(Verdict::Unknown, error.to_string(), Some(error.hint()))
        }
        Err(error) => finding(Verdict::Wrong, error.to_string(), Some(error.hint())),
        Ok(who) => match systems.iter().find(|system| system.account != who.account) {
            None => finding(Verdict::Good, format!("{}, as {}", who.account, who.arn), None),
            Some(other) => {
                let error = account::Error::OtherAccount {
                    meant: other.account.clone(),
                    found: who.account.to_string(),
                };
                finding(
                    Verdict::Wrong,
                    format!("{}: {error}", other.name),
                    Some(error.hint()),
                )
            }
        },
    }
}
