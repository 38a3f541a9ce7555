//! What can be typed about bringing Evenkeel into an account.

use std::path::PathBuf;

use clap::Args;
use domain::names::Region;

use super::Files;
use crate::account::Aws;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evenkeel deploy                     compare, show, ask, carry out, test\n  \
evenkeel deploy --plan              compare and show, and stop\n  \
evenkeel deploy --yes               ask nobody\n  \
evenkeel deploy --system-file shop.toml --profile production\n\n\
In every Region of the systems, or only in --region; a Region from which none is\nserved goes first. Typed again it changes \
nothing. The code goes to a bucket that is\nmade for it: evenkeel-code-ACCOUNT-REGION, unless --bucket names one.\n\
Exit codes: 0 it is as it should be; 1 refused, failed, or nobody said yes;\n2 not understood; 3 AWS cannot be asked."
)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Ask nobody
    #[arg(long)]
    pub(crate) yes: bool,
    /// Show what would change, and change nothing that runs: only code is sent to the bucket
    #[arg(long, conflicts_with = "yes")]
    pub(crate) plan: bool,
    /// A bucket of yours for the code, in the same Region
    #[arg(long, value_name = "NAME", requires = "region")]
    pub(crate) bucket: Option<String>,
    #[command(flatten)]
    pub(crate) programs: Programs,
    #[command(flatten)]
    pub(crate) aws: Aws,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evenkeel destroy --system-file shop.toml\n\n\
In every Region of the systems, or only in --region. The journal's table and the\ncode's bucket stay: \
docs/guide/deploying.md says how to remove them, too.\nExit codes: as of evenkeel deploy.")]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Ask nobody
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) aws: Aws,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenkeel package --region eu-west-1 --system-file shop.toml\n  \
aws s3 cp --recursive dist/evenkeel s3://MY-BUCKET/evenkeel\n\n\
Writes OUT/template.json and OUT/PREFIX/…, and prints PREFIX, which is the template's\nparameter CodePrefix. The same content \
has the same PREFIX. `evenkeel deploy` does all\nthat by itself; this is for SAM, Terraform, and pipelines."
)]
pub(crate) struct Package {
    #[command(flatten)]
    pub(crate) files: Files,
    /// The Region that the stack is for
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Region,
    /// Where the files are written
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

/// Where the functions' programs come from.
#[derive(Debug, Args)]
pub(crate) struct Programs {
    /// Programs that are built already, FOLDER/router/bootstrap or FOLDER/router; without it, cargo-lambda builds them
    #[arg(long, value_name = "FOLDER")]
    pub(crate) binaries: Option<PathBuf>,
    /// Evenkeel's source, from which they are built
    #[arg(long, value_name = "FOLDER", default_value = ".", conflicts_with = "binaries")]
    pub(crate) source: PathBuf,
}
