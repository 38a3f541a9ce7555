//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

/// Keeps an AWS application upright.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, about, max_term_width = 80)]
#[command(after_help = "Exit codes: 0 good; 1 refused, or an objective was missed; 2 not understood.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch an outage and the recovery from it, without an AWS account
    Rehearse(Rehearse),
    /// Accept or refuse a system file, with line, reason and hint
    Check(Check),
    /// Say what would be done about an event, and why, without doing it
    Decide(Decide),
    /// Look for mistakes in state machines (Amazon States Language)
    Lint(Lint),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel rehearse                             list the scenarios\n  \
evenkeel rehearse database-loss               watch one\n  \
evenkeel rehearse database-loss --seeds 1000  how it goes in general"
)]
pub(crate) struct Rehearse {
    /// The scenario; without one, all are listed
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
    /// Print what the embedded cloud believes about AWS, and where it comes from
    #[arg(long, conflicts_with_all = ["scenario", "seeds", "system"])]
    pub(crate) facts: bool,
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
pub(crate) struct Decide {
    /// The event: EventBridge, SNS-wrapped, or an alarm that invokes Lambda
    #[arg(long, value_name = "FILE")]
    pub(crate) event: PathBuf,
    /// The system file
    #[arg(long, value_name = "FILE", default_value = "evenkeel.toml")]
    pub(crate) system: PathBuf,
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
