//! What can be typed.

mod deploy;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::names::{IncidentId, Recovery, Region, SystemName};
use domain::steps::region::Risk;
use jiff::Timestamp;

use crate::account::Aws;

pub(crate) use deploy::{Deploy, Destroy, Package, Programs};

/// Keeps an AWS application upright.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, max_term_width = 80)]
#[command(
    after_help = "Exit codes: 0 good; 1 refused, or an objective was missed; 2 not understood;\n3 AWS cannot be asked: \
credentials, permissions, network, not deployed; 4 it still runs\n(watch)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch an outage and the recovery from it, without an AWS account
    Rehearse(Rehearse),
    /// Try every fault at every call of every machine, and say what it breaks
    Prove(Prove),
    /// Start a recovery by hand
    Run(Run),
    /// Say yes to a recovery that asks
    Approve(Approve),
    /// Say no to a recovery that asks
    Reject(Answer),
    /// Stop a recovery: it undoes what can be undone, and pages
    Stop(Answer),
    /// Keep recoveries of a system from starting by themselves
    Disarm(Disarm),
    /// Let recoveries of a system start by themselves again
    Arm(Arm),
    /// Show where a system serves, what runs, what is asked, and who disarmed it
    Status(Status),
    /// Follow a run, step by step, until it ends
    Watch(Watch),
    /// List the runs, newest first
    History(History),
    /// Let a run go on from the state in which it failed
    Redrive(Redrive),
    /// Look whether an account is as the verbs need it
    Doctor(Doctor),
    /// Accept or refuse a system file, with line, reason and hint
    Check(Check),
    /// Write the CloudFormation template of what Evenkeel needs in a Region
    Template(Template),
    /// Bring Evenkeel into an account, or up to date there
    Deploy(Deploy),
    /// Take Evenkeel out of an account
    Destroy(Destroy),
    /// Write what a stack takes from its bucket, and its template, as files
    Package(Package),
    /// Say what would be done about an event, and why, without doing it
    Decide(Decide),
    /// Look for mistakes in state machines (Amazon States Language)
    Lint(Lint),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page, or write one for each command
    Man(Manual),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel rehearse                             list the scenarios\n  \
evenkeel rehearse database-loss               watch one\n  \
evenkeel rehearse database-loss --seeds 1000  how it goes in general\n  \
evenkeel rehearse region-loss --keep          stop where a person is asked\n  \
evenkeel rehearse ./mine.toml                 a scenario of your own"
)]
pub(crate) struct Rehearse {
    /// The scenario, or a scenario file; without one, all are listed
    pub(crate) scenario: Option<String>,
    /// Decides everything that is left to chance: the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value = "1", value_parser = seed)]
    pub(crate) seed: u64,
    /// Play that many seeds, beginning with --seed, and summarise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) seeds: Option<u32>,
    /// Rehearse this system instead of the scenario's example
    #[arg(long, value_name = "FILE")]
    pub(crate) system: Option<PathBuf>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop where a person is asked, and keep the embedded cloud for `status`, `approve`, `reject`, `stop`, `run`,
    /// `disarm` and `arm`
    #[arg(long, conflicts_with_all = ["seeds", "json"])]
    pub(crate) keep: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// Print what the embedded cloud believes about AWS, and where it comes from
    #[arg(long, conflicts_with_all = ["scenario", "seeds", "system"])]
    pub(crate) facts: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel prove                              every single fault, all machines\n  \
evenkeel prove fail-over-region --pairs     and each pair, of one machine\n  \
evenkeel prove --pairs --budget 60s         a sample of the pairs\n\n\
What was tried is kept in --kept; the same command goes on where it was stopped.\n\
A fault that breaks something is written as a scenario file that `evenkeel rehearse`\nplays again."
)]
pub(crate) struct Prove {
    /// The machines; all of them, if none is named
    #[arg(value_parser = machine)]
    pub(crate) machines: Vec<Recovery>,
    /// Try each fault together with each that can strike after it
    #[arg(long)]
    pub(crate) pairs: bool,
    /// Stop after so long, and say what part of the space was seen
    #[arg(long, value_name = "TIME")]
    pub(crate) budget: Option<domain::duration::Duration>,
    /// Decides in which order faults are tried: with --budget, which are seen
    #[arg(long, value_name = "N", default_value = "1", value_parser = seed)]
    pub(crate) seed: u64,
    /// Where what was tried is kept, and what was found is written
    #[arg(long, value_name = "FOLDER", default_value = ".evenkeel/proof")]
    pub(crate) kept: PathBuf,
    /// Forget what was tried before
    #[arg(long)]
    pub(crate) afresh: bool,
    /// Print the faults by state: how often each struck
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which cloud is meant: an account, or an embedded one that is kept.
///
/// Why it is decided this way: docs/decisions/0030-which-cloud-is-meant.md
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("rehearsal", |kept| kept
    .help("The embedded cloud that is kept in FILE, instead of an account")
    .conflicts_with_all(["files", "profile", "endpoint_url"])))]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) aws: Aws,
}

/// Where the embedded cloud is kept between two commands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Kept {
    /// The embedded cloud that is kept in FILE; .evenkeel/rehearsal.json, if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) rehearsal: Option<PathBuf>,
}

/// Who, and why. Both are kept in the journal.
#[derive(Debug, Args)]
pub(crate) struct Signed {
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "WHY")]
    pub(crate) because: String,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel run switch-over-region --by ana --because \"maintenance\"\n  \
evenkeel run fail-back-region --by ana --because \"the Region is back\"\n  \
evenkeel run scale-out --by ana --because \"a sale\" --profile production\n\n\
Runs in the Region that is to serve: the standby for fail-over-region and\nswitch-over-region, the primary \
for the others, unless --region says otherwise."
)]
pub(crate) struct Run {
    /// The machine
    #[arg(value_parser = machine)]
    pub(crate) machine: Recovery,
    #[command(flatten)]
    pub(crate) signed: Signed,
    /// The system; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<SystemName>,
    /// The run's input, instead of one that is made: JSON, as a run of another day was given
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel approve INCIDENT --by ana --because \"the Region is gone\" --accept data-loss"
)]
pub(crate) struct Approve {
    /// A risk that is accepted by its name; may be given several times
    #[arg(long = "accept", value_name = "RISK")]
    pub(crate) accepts: Vec<Risk>,
    #[command(flatten)]
    pub(crate) answer: Answer,
}

#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The run, as the message and `evenkeel status` name it
    pub(crate) incident: IncidentId,
    #[command(flatten)]
    pub(crate) signed: Signed,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel disarm shop --by ana --because \"the database is being resized\"\n\n\
What runs already goes on: `evenkeel stop` stops it. `evenkeel run` still starts one by hand. Both Regions \
of a system are disarmed; one that does not answer is named, and the exit code is 1."
)]
pub(crate) struct Disarm {
    #[command(flatten)]
    pub(crate) wish: Arming,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel arm shop --by ana --because \"the database is as it was\"\n\n\
Both Regions of a system are armed; one that does not answer is named, and the exit code is 1."
)]
pub(crate) struct Arm {
    #[command(flatten)]
    pub(crate) wish: Arming,
}

/// A system, and who wants what of it.
#[derive(Debug, Args)]
pub(crate) struct Arming {
    /// The system
    pub(crate) system: SystemName,
    #[command(flatten)]
    pub(crate) signed: Signed,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel status\n  evenkeel status --system shop --profile production\n  \
evenkeel status --rehearsal .evenkeel/rehearsal.json\n\n\
Readiness: `ready`, a recovery starts by itself as the policy has it; `recovering`;\n`asks`, a run waits for a \
person; `disarmed`; `not deployed`; `unknown`, the journal\ndoes not answer.\n\
Exit codes: 0 all is seen; 1 a part cannot be seen; 2 not understood; 3 nothing can."
)]
pub(crate) struct Status {
    /// This system only
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<SystemName>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evenkeel watch INCIDENT --at-most 30m\n\n\
A line for each state that is entered and for what a step waits for, and the\nend; with --json, an object a line. \
Stopping it (Ctrl-C) stops nothing else.\nExit codes: 0 recovered, or found healthy; 1 rolled back, paged, failed \
or\nstopped; 2 not understood; 3 AWS cannot be asked; 4 it still runs after --at-most.")]
pub(crate) struct Watch {
    /// The run, as the message and `evenkeel status` name it
    pub(crate) incident: IncidentId,
    /// Watch no longer than that; six hours, if left out
    #[arg(long, value_name = "TIME")]
    pub(crate) at_most: Option<domain::duration::Duration>,
    /// Print a JSON object for each line instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel history\n  evenkeel history --system shop --last 100 --json\n\n\
Ended runs from the journal; those that run, or never came to their record, from\nStep Functions, which keeps them for \
90 days.\nExit codes: 0 all is read; 1 a Region is missing; 2 not understood; 3 nothing can be\nread."
)]
pub(crate) struct History {
    /// This system only
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<SystemName>,
    /// So many, beginning with the latest
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) last: u32,
    /// Print one JSON array instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel redrive INCIDENT --by ana --because \"the quota is raised\"\n\n\
For a run that was aborted, timed out or broke, at most 14 days ago, in an account.\nOne that has paged has come to its \
end: `evenkeel run` starts another. Where another\nrun took the lock meanwhile, its steps refuse.\n\
Exit codes: 0 it goes on; 1 refused; 2 not understood; 3 AWS cannot be asked."
)]
pub(crate) struct Redrive {
    /// The run, as `evenkeel history` names it
    pub(crate) incident: IncidentId,
    #[command(flatten)]
    pub(crate) signed: Signed,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// The systems, where an account is meant: the files that were deployed to it.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Files {
    /// The system file; evenkeel.toml in this folder, if left out; may be given several times
    #[arg(long = "system-file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel doctor\n  evenkeel doctor --system-file shop.toml --profile production\n\n\
Changes nothing. Looks in every Region of the systems, or only in --region.\nExit codes: 0 all is well; 1 something is \
not; 2 not understood; 3 AWS cannot be asked."
)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) aws: Aws,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The system file
    #[arg(required_unless_present = "schema")]
    pub(crate) file: Option<PathBuf>,
    /// Print the JSON Schema of system files, for editors
    #[arg(long, conflicts_with = "file")]
    pub(crate) schema: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel template --region eu-west-1 shop.toml > eu-west-1.json\n\n\
One template for each Region in which a system lives. Its parameters\nCodeBucket and CodePrefix say where the \
functions (PREFIX/router.zip) and the\nmachines (PREFIX/fail-over-region.asl.json) are. A fleet that is too large for one\n\
template is written to a folder: evenkeel.json, and systems/NAME.json for each\nsystem, which are expected as PREFIX/systems/NAME.json."
)]
pub(crate) struct Template {
    /// The Region that the template is for
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Region,
    /// Write the templates into this folder, instead of one to stdout
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// The system files, all of one account
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The event: EventBridge, SNS-wrapped, or an alarm that invokes Lambda
    #[arg(long, value_name = "FILE")]
    pub(crate) event: PathBuf,
    /// The system file
    #[arg(long, value_name = "FILE", default_value = "evenkeel.toml")]
    pub(crate) system: PathBuf,
    /// What was found by looking at the system: targets, group, deployments, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// What is remembered of it: lock, incidents, alarms, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// When the event is looked at; the moment it happened, if left out
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Print one JSON object instead
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The definitions, each a JSON file
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel completions bash > ~/.local/share/bash-completion/completions/evenkeel"
)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  evenkeel man | man -l -\n  evenkeel man --to ~/.local/share/man/man1")]
pub(crate) struct Manual {
    /// Write a page for the program and for each command into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
}

fn machine(text: &str) -> Result<Recovery, String> {
    let names = Recovery::ALL.map(Recovery::machine);
    Recovery::named(text).ok_or_else(|| format!("there is no such machine; there are: {}", names.join(", ")))
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "a seed is a whole number; try --seed 1".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn what_can_be_typed_is_coherent() {
        super::Cli::command().debug_assert();
    }
}
