//! `evenkeel check FILE`

use std::io::Write;
use std::process::ExitCode;

use domain::system::file;

use crate::cli::Check;
use crate::failure::Failure;

pub(crate) fn run(asked: &Check) -> Result<ExitCode, Failure> {
    let mut out = anstream::stdout().lock();
    match &asked.file {
        None => {
            let schema = serde_json::to_string_pretty(&file::schema()).map_err(std::io::Error::from)?;
            writeln!(out, "{schema}")?;
        }
        Some(path) => {
            let system = super::read_system(path)?;
            let database = &system.database;
            writeln!(out, "{}: accepted", path.display())?;
            writeln!(out)?;
            writeln!(
                out,
                "  system      {} (account {}, {})",
                system.name, system.account, system.regions.primary
            )?;
            writeln!(out, "  database    {} {}", database.kind, database.identifier)?;
            if let Some(shared) = &system.region_failover {
                for site in &shared.sites {
                    let web = &site.web;
                    writeln!(
                        out,
                        "  site        {}: {}, {} of {} instances in {}",
                        site.region, site.database, web.instances, web.max_instances, web.group
                    )?;
                }
                writeln!(
                    out,
                    "  move        {} by {}, {} by {}",
                    shared.hostname, shared.traffic, system.database.identifier, shared.replication
                )?;
            }
            for (alarm, declared) in &system.alarms {
                let watches = declared
                    .watches
                    .map_or_else(String::new, |watches| format!(", by {watches}"));
                writeln!(
                    out,
                    "  alarm       {alarm} means {}{watches} ({})",
                    declared.means, declared.region
                )?;
            }
            writeln!(
                out,
                "  objectives  RTO {}, RPO {}",
                system.objectives.rto, system.objectives.rpo
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
