//! Why it did not come to a deployment, or to its end; and what to do about that.

use std::path::PathBuf;
use std::time::Duration;

use domain::names::{AccountId, Region};
use evenkeel::stack;

use super::standing::Standing;
use crate::account;

/// Why it did not come to that.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// AWS did not do what it was asked.
    #[error(transparent)]
    Account(#[from] account::Error),
    /// Systems and a Region make no stack.
    #[error(transparent)]
    NoStack(#[from] stack::here::Error),
    /// A template that AWS would not take.
    #[error("AWS would not take the template of {region}: {excess}")]
    TooMuch { region: Region, excess: stack::Excess },
    /// Evenkeel's source is not there.
    #[error("{} is not the folder of Evenkeel's source, which the functions are built from", .folder.display())]
    NoSource { folder: PathBuf },
    /// There is no cargo-lambda.
    #[error("cargo-lambda is not installed, which builds the functions for Lambda")]
    NoCargoLambda,
    /// cargo-lambda failed.
    #[error("cargo-lambda could not build the functions: {status}")]
    NotBuilt { status: String },
    /// A function's program is missing.
    #[error("there is no program for the function `{function}` at {}", .path.display())]
    NoProgram {
        function: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A program that Lambda could not start.
    #[error("{} is no program for Linux on arm64, as which `{function}` is deployed", .path.display())]
    OtherProcessor { function: &'static str, path: PathBuf },
    /// What is to be packed does not fit.
    #[error("a function cannot be packed: {0}")]
    Unpackable(#[from] zip::result::ZipError),
    /// A file cannot be written.
    #[error("cannot write {}", .path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Nobody could be asked.
    #[error("nobody can be asked: this is no terminal")]
    NobodyToAsk,
    /// The bucket is somebody else's.
    #[error("the bucket {bucket} cannot be used by account {account} (HTTP {status})")]
    OtherBucket {
        bucket: String,
        account: AccountId,
        status: u16,
    },
    /// The bucket that was named is not there.
    #[error("there is no bucket {bucket}")]
    NoBucket { bucket: String },
    /// A run is under way.
    #[error("{run} is under way in {region}")]
    Running { region: Region, run: String },
    /// The stack cannot be touched as it stands.
    #[error("the stack evenkeel in {region} is {status}")]
    NotNow {
        region: Region,
        status: String,
        hint: &'static str,
    },
    /// A stack of our name that is not ours.
    #[error("the stack evenkeel in {region} was not made by Evenkeel: {why}")]
    NotOurs { region: Region, why: String },
    /// CloudFormation does not take the change.
    #[error("CloudFormation refuses the change in {region}: {why}")]
    ChangeSet { region: Region, why: String },
    /// CloudFormation began, and had to stop.
    #[error("{region}: {what}; the stack is {status}")]
    Failed {
        region: Region,
        what: String,
        status: String,
        hint: String,
    },
    /// It takes too long.
    #[error("CloudFormation has been {what} in {region} for {} minutes", .limit.as_secs() / 60)]
    TimedOut {
        region: Region,
        what: &'static str,
        limit: Duration,
    },
    /// What was deployed does not work.
    #[error("the stack in {region} is deployed, and its self-test failed: {why}")]
    SelfTest { region: Region, why: String },
    /// A request that cannot be made.
    #[error("a request could not be made: {0}")]
    Request(String),
}

impl Error {
    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Account(error) => error.hint(),
            Self::NoStack(error) => error.hint(),
            Self::TooMuch { .. } => {
                "name fewer system files: one stack holds all systems that it is made from".to_owned()
            }
            Self::NoSource { .. } => "name it with --source, or take programs that are built already with --binaries".to_owned(),
            Self::NoCargoLambda => {
                "`pip install cargo-lambda` (brings what it needs), or `cargo install --locked cargo-lambda` and Zig; or take programs \
                 that are built already with --binaries"
                    .to_owned()
            }
            Self::NotBuilt { .. } => "what it said stands above".to_owned(),
            Self::NoProgram { .. } => {
                "--binaries names a folder with one program per function, `router` or `router/bootstrap`".to_owned()
            }
            Self::OtherProcessor { .. } => {
                "build for Lambda: `cargo lambda build --profile lambda --arm64`; an emulator, named with --endpoint-url, starts programs \
                 of this machine"
                    .to_owned()
            }
            Self::Unpackable(_) => "a function's program has to be smaller than 250 MB".to_owned(),
            Self::Unwritable { .. } => "name another folder with --out".to_owned(),
            Self::NobodyToAsk => {
                "do it with --yes; `evenkeel deploy --plan` shows beforehand what a deployment would do; nothing was changed".to_owned()
            }
            Self::OtherBucket { .. } => {
                "another account has a bucket of that name, or it is in another Region, or the credentials may not see it: name one of \
                 your own with --bucket"
                    .to_owned()
            }
            Self::NoBucket { .. } => "make it, or leave --bucket out: then a bucket of Evenkeel's own is made".to_owned(),
            Self::Running { run, .. } => {
                format!("wait until it is done, or stop it: `evenkeel stop {run} --by NAME --because WHY`; nothing was changed")
            }
            Self::NotNow { hint, .. } => (*hint).to_owned(),
            Self::NotOurs { .. } => "delete or rename it by hand, if it is nobody's".to_owned(),
            Self::ChangeSet { .. } => "nothing was changed".to_owned(),
            Self::Failed { hint, .. } => hint.clone(),
            Self::TimedOut { .. } => {
                "it goes on by itself: look at the stack's events in the console, and type this again when it is done".to_owned()
            }
            Self::SelfTest { .. } => {
                "look at the logs /aws/lambda/evenkeel-router and /aws/vendedlogs/states/evenkeel-self-test; typing this again tests again"
                    .to_owned()
            }
            Self::Request(_) => "this is a defect of Evenkeel: please report it with the command you typed".to_owned(),
        }
    }

    /// Of a stack that cannot be touched as it stands.
    pub(crate) fn not_now(region: &Region, status: &aws_sdk_cloudformation::types::StackStatus) -> Self {
        let hint = if Standing::of(Some(status)) == Standing::Busy {
            "somebody else deploys, or CloudFormation is not done: type this again when it is"
        } else {
            Standing::way_out(status)
        };
        Self::NotNow {
            region: region.clone(),
            status: status.as_str().to_owned(),
            hint,
        }
    }
}
