//! `evenkeel deploy`: package, compare, ask, carry out, follow, test.
//!
//! All Regions are compared before anybody is asked, and a Region from which no system is served goes first: what does not work
//! is found out there.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use domain::clock::Clock as _;
use domain::names::{AccountId, JOURNAL_TABLE, Region};
use evenkeel::stack::here;
use journal::DynamoJournal;
use runtime::SystemClock;
use serde_json::Value;

use super::package::{binaries, functions_in, in_mb};
use super::read_sources;
use crate::account::{self, Account};
use crate::cli::{Deploy, Files};
use crate::deploy::bucket::Bucket;
use crate::deploy::package::{Source, digest};
use crate::deploy::self_test::SelfTest;
use crate::deploy::stack::{Found, Given, Prepared, Stack};
use crate::deploy::standing::Standing;
use crate::deploy::template_diff::{self, Line};
use crate::deploy::{Error, Package, follow};
use crate::failure::Failure;
use crate::show;
use crate::show::difference::Difference;
use crate::show::following::Following;

/// What is to become of a Region's stack.
struct Planned {
    stack: Stack,
    /// Nothing, where nothing is to change.
    prepared: Option<Prepared>,
    /// The code that is deployed, and the one that is to be.
    code: (Option<String>, String),
    properties: BTreeMap<String, Vec<Line>>,
}

pub(crate) fn run(asked: &Deploy) -> Result<ExitCode, Failure> {
    let somebody = std::io::stdin().is_terminal();
    if !asked.yes && !asked.plan && !somebody {
        return Err(Error::NobodyToAsk.into());
    }
    let (sources, account) = sources_of_one_account(&asked.files)?;
    let regions = regions(&sources, asked.aws.region.as_ref());
    // Before anything is asked of AWS: what is wrong with files and programs is found out here.
    let functions = functions_in(&regions, &sources)?;
    let mut prepared = Vec::new();
    let on_an_emulator = asked.aws.endpoint_url.is_some() || std::env::var_os("AWS_ENDPOINT_URL").is_some();
    let binaries = binaries(&asked.programs, &functions, on_an_emulator)?;
    for region in regions {
        let package = Package::of(&region, &sources, &binaries)?;
        prepared.push((region, package));
    }
    account::block_on(deploy(asked, &account, prepared))?
}

async fn deploy(
    asked: &Deploy,
    owner: &AccountId,
    packages: Vec<(Region, Package)>,
) -> Result<ExitCode, Failure> {
    let account = Account::open(&asked.aws).await.map_err(Error::from)?;
    if let Some((region, _)) = packages.first() {
        is_of(&account, owner, region).await?;
    }
    let mut planned: Vec<Planned> = Vec::new();
    for (region, package) in packages {
        let one = plan(asked, &account, owner, &region, package).await;
        match one {
            Ok(one) => planned.push(one),
            Err(error) => {
                discard(&planned).await;
                return Err(error.into());
            }
        }
    }
    let changing = planned.iter().any(|one| one.prepared.is_some());
    if changing {
        let wanted = asked.yes || (!asked.plan && is_confirmed("Carry this out?")?);
        if !wanted {
            discard(&planned).await;
            anstream::eprintln!("Nothing was changed.");
            return Ok(ExitCode::from(u8::from(!asked.plan)));
        }
    }
    if asked.plan {
        return Ok(ExitCode::SUCCESS);
    }
    for at in 0..planned.len() {
        let ended = carry_out(&account, owner, &planned[at]).await;
        if let Err(error) = ended {
            discard(&planned[at + 1..]).await;
            return Err(error.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Uploads what is missing, has CloudFormation compare, and shows what it finds.
async fn plan(
    asked: &Deploy,
    account: &Account,
    owner: &AccountId,
    region: &Region,
    package: Package,
) -> Result<Planned, Error> {
    let stack = stack_in(account, region);
    let found = stack.found().await?;
    let standing = Standing::of(found.as_ref().map(|found| &found.status));
    match (standing, &found) {
        (Standing::Busy | Standing::Stuck, Some(found)) => return Err(Error::not_now(region, &found.status)),
        (Standing::Remains, Some(found)) if asked.plan => return Err(Error::not_now(region, &found.status)),
        (Standing::Remains, Some(found)) => clear_away(&stack, found).await?,
        (Standing::Absent | Standing::Ready, _) | (_, None) => {}
    }
    let bucket = Bucket::new(asked.bucket.as_deref(), owner, region, s3_in(account, region));
    let template_key = format!("evenkeel/templates/{}.json", digest(package.template.as_bytes()));
    upload(asked, &bucket, &package, &template_key).await?;
    let wanted: Value =
        serde_json::from_str(&package.template).map_err(|error| Error::Request(error.to_string()))?;
    let kept = kept(found.as_ref(), &wanted);
    let given = Given {
        template_url: &bucket.url_of(&template_key).await?,
        bucket: &bucket.name,
        prefix: &package.prefix,
        kept: &kept,
        nests: nests(&wanted),
    };
    let name = format!("evenkeel-{}", SystemClock.now().as_millisecond());
    let prepared = stack.prepare(standing, &name, &given).await?;
    let before = found.and_then(|mut found| found.parameters.remove("CodePrefix"));
    let mut properties = BTreeMap::new();
    if let (Some(prepared), Standing::Ready) = (&prepared, standing) {
        properties = template_diff::of(&stack.template().await?, &wanted);
        for child in &prepared.children {
            let Some(wanted) = nested(&wanted, &child.logical, &package.files) else {
                continue;
            };
            let inside = template_diff::of(&stack.template_of(&child.stack).await?, &wanted);
            let inside = inside.into_iter();
            properties.extend(inside.map(|(one, lines)| (format!("{}/{one}", child.logical), lines)));
        }
    }
    let planned = Planned {
        stack,
        prepared,
        code: (before, package.prefix),
        properties,
    };
    show(&planned).map_err(|error| Error::Request(error.to_string()))?;
    Ok(planned)
}

/// Deletes what is left of a first creation that was rolled back. A stack in that state can be deleted and nothing else
/// (CloudFormation User Guide, "Stack status codes").
async fn clear_away(stack: &Stack, found: &Found) -> Result<(), Error> {
    anstream::eprintln!(
        "{}: the first creation failed and was rolled back; what is left of it, a name, is deleted",
        stack.region
    );
    let since = stack.newest_event(&found.id).await?;
    stack.delete(&found.id).await?;
    let ended = stack.follow(&found.id, since, |_| {}).await?;
    if ended.is_well() {
        Ok(())
    } else {
        Err(failed(stack, ended))
    }
}

/// Whether a template has nested stacks.
fn nests(template: &Value) -> bool {
    let resources = template["Resources"].as_object();
    let mut resources = resources.into_iter().flat_map(|resources| resources.values());
    resources.any(|resource| resource["Type"] == "AWS::CloudFormation::Stack")
}

/// The template of a nested stack, as it is to be: it is one of the package's files.
fn nested(root: &Value, logical: &str, files: &BTreeMap<String, Vec<u8>>) -> Option<Value> {
    let url = root["Resources"][logical]["Properties"]["TemplateURL"]["Fn::Sub"].as_str()?;
    let (_, name) = url.split_once("${CodePrefix}/")?;
    serde_json::from_slice(files.get(name)?).ok()
}

/// The parameters that somebody has set, by whatever means: they stay as they are.
fn kept(found: Option<&Found>, wanted: &Value) -> Vec<String> {
    let set = found.iter().flat_map(|found| found.parameters.keys());
    set.filter(|name| !["CodeBucket", "CodePrefix"].contains(&name.as_str()))
        .filter(|name| wanted["Parameters"].get(name.as_str()).is_some())
        .cloned()
        .collect()
}

async fn upload(asked: &Deploy, bucket: &Bucket, package: &Package, template_key: &str) -> Result<(), Error> {
    if !bucket.is_there().await? && asked.bucket.is_some() {
        return Err(Error::NoBucket {
            bucket: bucket.name.clone(),
        });
    }
    if asked.bucket.is_none() {
        bucket.make().await?;
    }
    let (mut sent, mut bytes_sent) = (0, 0);
    let files = package.files.iter();
    let files = files.map(|(name, bytes)| (format!("{}/{name}", package.prefix), bytes.as_slice()));
    for (key, bytes) in files.chain([(template_key.to_owned(), package.template.as_bytes())]) {
        if !bucket.has(&key).await? {
            bucket.put(&key, bytes.to_vec()).await?;
            sent += 1;
            bytes_sent += bytes.len();
        }
    }
    if sent > 0 {
        anstream::eprintln!(
            "{sent} files, {:.1} MB, sent to {}",
            in_mb(bytes_sent),
            bucket.name
        );
    }
    Ok(())
}

fn show(planned: &Planned) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    let Some(prepared) = &planned.prepared else {
        return writeln!(
            out,
            "{}: the stack evenkeel is as it should be: no changes",
            planned.stack.region
        );
    };
    let (before, after) = &planned.code;
    let code = before
        .as_deref()
        .filter(|before| before != after)
        .map(|before| (before, after.as_str()));
    let difference = Difference {
        region: &planned.stack.region,
        creates: prepared.creates,
        code,
        changes: &prepared.changes,
        properties: &planned.properties,
    };
    show::difference::write(&mut out, &difference)
}

async fn carry_out(account: &Account, owner: &AccountId, planned: &Planned) -> Result<(), Error> {
    let stack = &planned.stack;
    let region = &stack.region;
    if let Some(prepared) = &planned.prepared {
        let began = SystemClock.now();
        let since = stack.newest_event(&prepared.stack).await?;
        stack.execute(prepared).await?;
        let following = Following::of(region, prepared.changes.len());
        let ended = stack
            .follow(&prepared.stack, since, |event| following.tell(event))
            .await;
        following.finish();
        let ended = ended?;
        if !ended.is_well() {
            return Err(failed(stack, ended));
        }
        let took = SystemClock.now().as_millisecond() - began.as_millisecond();
        let took = show::duration(u64::try_from(took).unwrap_or_default());
        anstream::eprintln!("{region}: {} after {took}", ended.status);
    }
    let test = self_test(account, owner, region);
    let passed = test.run().await?;
    anstream::eprintln!(
        "{region}: self-test passed in {}: bus, router, machine, journal and back",
        show::duration(passed.took_ms)
    );
    Ok(())
}

/// Why a stack is not as it was asked to be, and how it is now.
pub(super) fn failed(stack: &Stack, ended: follow::Ended) -> Error {
    let what = match ended.failed {
        Some(first) => format!(
            "{} ({}) failed first: {}",
            first.logical, first.kind, first.reason
        ),
        None => "it failed, and CloudFormation does not say why".to_owned(),
    };
    let hint = match ended.status.as_str() {
        "ROLLBACK_COMPLETE" => {
            "CloudFormation took back what it had made. Put right what stands in the way and deploy again: what is left of this try \
             is deleted then"
        }
        "UPDATE_ROLLBACK_COMPLETE" => {
            "CloudFormation went back to how it was, and Evenkeel works as before. Put right what stands in the way, and deploy again"
        }
        "DELETE_FAILED" => "put right what stands in the way, and `evenkeel destroy` again",
        _ => "look at the stack's events in the console: CloudFormation could not go back",
    };
    Error::Failed {
        region: stack.region.clone(),
        what,
        status: ended.status,
        hint: hint.to_owned(),
    }
}

/// Throws away what was prepared and is not wanted. One that cannot be is left: it does nothing by itself.
async fn discard(planned: &[Planned]) {
    for one in planned {
        if let Some(prepared) = &one.prepared
            && let Err(error) = one.stack.discard(&prepared.id, prepared.creates).await
        {
            anstream::eprintln!("{}: a change set is left behind: {error}", one.stack.region);
        }
    }
}

/// The systems, all of one account.
pub(super) fn sources_of_one_account(files: &Files) -> Result<(Vec<Source>, AccountId), Failure> {
    let sources = read_sources(files)?;
    let systems: Vec<_> = sources.iter().map(|source| source.system.clone()).collect();
    // Any Region in which one lives says whether they are of one account.
    let first = sources
        .first()
        .map(|source| source.system.regions.primary.clone())
        .ok_or(Error::NobodyToAsk)?;
    let account = here::Here::of(&systems, &first).map_err(Error::from)?.account;
    Ok((sources, account))
}

/// The Regions in which a system lives, or the one that was named; those from which none is served first.
pub(super) fn regions(sources: &[Source], only: Option<&Region>) -> Vec<Region> {
    if let Some(only) = only {
        return vec![only.clone()];
    }
    let serves = |region: &Region| {
        let mut systems = sources.iter().map(|source| &source.system);
        systems.any(|system| system.regions.primary == *region)
    };
    let mut all: Vec<Region> = sources
        .iter()
        .flat_map(|source| here::regions(&source.system).cloned())
        .collect();
    all.sort_by_key(|region| (serves(region), region.clone()));
    all.dedup();
    all
}

/// Asks a person. Anything but yes is no.
pub(super) fn is_confirmed(question: &str) -> Result<bool, Failure> {
    let mut err = anstream::stderr().lock();
    write!(err, "{question} Type yes: ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Makes sure that the credentials are of the systems' account: another may hold a stack of the same name.
pub(super) async fn is_of(account: &Account, owner: &AccountId, region: &Region) -> Result<(), Error> {
    let found = account.identity(region).await?.account;
    if found == *owner {
        Ok(())
    } else {
        let found = found.to_string();
        let meant = owner.clone();
        Err(account::Error::OtherAccount { meant, found }.into())
    }
}

pub(super) fn stack_in(account: &Account, region: &Region) -> Stack {
    let client = aws_sdk_cloudformation::Client::new(&account.config_in(region));
    Stack::new(region.clone(), client)
}

/// S3, with as much time as an upload takes on a slow line.
#[expect(
    clippy::disallowed_methods,
    reason = "the program builds the clients of a person's account"
)]
fn s3_in(account: &Account, region: &Region) -> aws_sdk_s3::Client {
    const UPLOAD: std::time::Duration = std::time::Duration::from_secs(300);
    let config = account.config_in(region);
    let timeouts = aws_smithy_types::timeout::TimeoutConfig::builder()
        .operation_attempt_timeout(UPLOAD)
        .operation_timeout(UPLOAD * 2)
        .build();
    aws_sdk_s3::Client::new(&config.into_builder().timeout_config(timeouts).build())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program builds the clients of a person's account"
)]
fn self_test<'a>(account: &Account, owner: &'a AccountId, region: &'a Region) -> SelfTest<'a> {
    let config = account.config_in(region);
    SelfTest {
        region,
        account: owner,
        events: aws_sdk_eventbridge::Client::new(&config),
        sfn: aws_sdk_sfn::Client::new(&config),
        journal: DynamoJournal::new(aws_sdk_dynamodb::Client::new(&config), JOURNAL_TABLE),
        clock: &SystemClock,
    }
}

#[cfg(test)]
mod tests;
