//! One stack, as CloudFormation keeps it: looked at, prepared, carried out, deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, Parameter, PolicyAction, Replacement,
    ResourceChange, StackStatus, TemplateStage,
};
use domain::names::Region;

use super::standing::Standing;
use super::{Error, wait};
use crate::account;

/// What the stack is called, in every Region.
pub(crate) const STACK: &str = "evenkeel";

/// How long CloudFormation may take to compare. It takes seconds.
const COMPARED_IN: Duration = Duration::from_secs(180);

/// How often it is asked whether it has.
const PAUSE: Duration = Duration::from_secs(1);

/// Pages of an answer that are read at most: a stack has at most 500 resources, and a page some 100.
const MOST_PAGES: usize = 50;

/// A stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) region: Region,
    client: Client,
}

/// A stack as it is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its ARN, by which it is known even after it was deleted.
    pub(crate) id: String,
    pub(crate) status: StackStatus,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// A change set that was compared and found to change something.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// The stack's ARN.
    pub(crate) stack: String,
    /// The change set's ARN.
    pub(crate) id: String,
    pub(crate) creates: bool,
    /// Those of nested stacks among them, as `STACK/RESOURCE`.
    pub(crate) changes: Vec<Change>,
    /// The nested stacks that are there already and change.
    pub(crate) children: Vec<Child>,
}

/// A nested stack that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    /// What the template around it calls it.
    pub(crate) logical: String,
    /// Its ARN.
    pub(crate) stack: String,
}

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) what: What,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// It is made.
    Added,
    /// It is there already, and the stack takes it over.
    Imported,
    /// It is changed as it stands.
    Changed,
    /// It may have to be made anew; CloudFormation finds out when it does it.
    MayBeReplaced,
    /// It is made anew, and what was in the old one is gone unless it is kept.
    Replaced,
    /// It leaves the stack, and stays.
    Left,
    /// It is deleted.
    Removed,
}

/// One resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) physical: String,
}

/// What the template's parameters are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given<'a> {
    pub(crate) template_url: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    /// Parameters that stay as they are.
    pub(crate) kept: &'a [String],
    /// Whether there are nested stacks, and what changes in them is to be found out too.
    pub(crate) nests: bool,
}

impl Stack {
    pub(crate) fn new(region: Region, client: Client) -> Self {
        Self { region, client }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The stack as it is, if there is one.
    ///
    /// # Errors
    /// When CloudFormation does not say.
    pub(crate) async fn found(&self) -> Result<Option<Found>, Error> {
        let answer = self.client.describe_stacks().stack_name(STACK).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(account::Error::of("cloudformation:DescribeStacks", error).into()),
        };
        let Some(stack) = answer.stacks.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        Ok(Some(Found {
            id: stack.stack_id.unwrap_or_default(),
            status: stack.stack_status.unwrap_or_else(|| StackStatus::from("unknown")),
            parameters: parameters
                .filter_map(|one| Some((one.parameter_key?, one.parameter_value?)))
                .collect(),
        }))
    }

    /// The template of the stack, as it was handed in.
    ///
    /// # Errors
    /// When CloudFormation does not say, or it is no JSON.
    pub(crate) async fn template(&self) -> Result<serde_json::Value, Error> {
        self.template_of(STACK).await
    }

    /// The template of a stack of that name or ARN, as it was handed in.
    ///
    /// # Errors
    /// When CloudFormation does not say, or it is no JSON.
    pub(crate) async fn template_of(&self, stack: &str) -> Result<serde_json::Value, Error> {
        const CALL: &str = "cloudformation:GetTemplate";
        let asked = self.client.get_template().stack_name(stack);
        let answer = asked.template_stage(TemplateStage::Original).send().await;
        let answer = answer.map_err(|error| account::Error::of(CALL, error))?;
        let body = answer.template_body().unwrap_or_default();
        serde_json::from_str(body).map_err(|error| Error::NotOurs {
            region: self.region.clone(),
            why: format!("its template is no JSON: {error}"),
        })
    }

    /// Has CloudFormation compare what is to be with what is. Nothing, if there is nothing to change.
    ///
    /// # Errors
    /// When it refuses, or does not come to an end.
    pub(crate) async fn prepare(
        &self,
        standing: Standing,
        name: &str,
        given: &Given<'_>,
    ) -> Result<Option<Prepared>, Error> {
        const CALL: &str = "cloudformation:CreateChangeSet";
        let creates = standing != Standing::Ready;
        let kind = if creates {
            ChangeSetType::Create
        } else {
            ChangeSetType::Update
        };
        let parameter = |key: &str, value: &str| {
            Parameter::builder()
                .parameter_key(key)
                .parameter_value(value)
                .build()
        };
        let asked = self
            .client
            .create_change_set()
            .stack_name(STACK)
            .change_set_name(name)
            .change_set_type(kind)
            .template_url(given.template_url)
            .parameters(parameter("CodeBucket", given.bucket))
            .parameters(parameter("CodePrefix", given.prefix))
            // Roles are made; they have no names of their own, but CloudFormation asks for the stronger word where any may have.
            .capabilities(Capability::CapabilityNamedIam)
            // The journal's table outlives a stack, and the next one takes it over. Source: CloudFormation User Guide,
            // import-resources-automatically: a fixed name and a policy to retain it are what that needs.
            .import_existing_resources(true)
            // Without it a nested stack is one line, whatever changes in it. Whoever deletes or carries out the change set of the root
            // does so with those inside. Source: CloudFormation User Guide, change-sets-for-nested-stacks.
            .set_include_nested_stacks(given.nests.then_some(true));
        let kept = given.kept.iter().map(|name| {
            let parameter = Parameter::builder().parameter_key(name);
            parameter.use_previous_value(true).build()
        });
        let made = kept
            .fold(asked, |asked, parameter| asked.parameters(parameter))
            .send()
            .await
            .map_err(|error| account::Error::of(CALL, error))?;
        let (id, stack) = (made.id.unwrap_or_default(), made.stack_id.unwrap_or_default());
        let compared = wait::until(COMPARED_IN, PAUSE, async || self.compared(&id).await).await?;
        match compared {
            None => Err(Error::TimedOut {
                region: self.region.clone(),
                what: "comparing",
                limit: COMPARED_IN,
            }),
            Some(Compared::Same) => {
                self.discard(&id, creates).await?;
                Ok(None)
            }
            Some(Compared::Refused(why)) => {
                self.discard(&id, creates).await?;
                Err(Error::ChangeSet {
                    region: self.region.clone(),
                    why,
                })
            }
            Some(Compared::Differs(changes, children)) => Ok(Some(Prepared {
                stack,
                id,
                creates,
                changes,
                children,
            })),
        }
    }

    /// How far the comparison is. Nothing while it goes on.
    async fn compared(&self, id: &str) -> Result<Option<Compared>, Error> {
        let Some((_, seen)) = self.described(id).await? else {
            return Ok(None);
        };
        let resources = match seen {
            Seen::Same => return Ok(Some(Compared::Same)),
            Seen::Refused(why) => return Ok(Some(Compared::Refused(why))),
            Seen::Differs(resources) => resources,
        };
        let mut changes: Vec<Change> = resources.iter().map(change).collect();
        let mut children = Vec::new();
        for around in &resources {
            let Some(inside) = around.change_set_id() else {
                continue;
            };
            let logical = around.logical_resource_id().unwrap_or_default();
            let Some((stack, seen)) = self.described(inside).await? else {
                return Ok(None);
            };
            match seen {
                Seen::Same => {}
                Seen::Refused(why) => return Ok(Some(Compared::Refused(format!("in {logical}: {why}")))),
                Seen::Differs(resources) => {
                    changes.extend(resources.iter().map(change).map(|one| one.within(logical)));
                    if around.action() != Some(&ChangeAction::Add) {
                        children.push(Child {
                            logical: logical.to_owned(),
                            stack,
                        });
                    }
                }
            }
        }
        Ok(Some(Compared::Differs(changes, children)))
    }

    /// What a change set says of the resources of its stack, whose ARN stands beside it. Nothing while it is being made.
    async fn described(&self, id: &str) -> Result<Option<(String, Seen)>, Error> {
        const CALL: &str = "cloudformation:DescribeChangeSet";
        let (mut changes, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let asked = self.client.describe_change_set().change_set_name(id);
            let page = asked.set_next_token(next).send().await;
            let page = page.map_err(|error| account::Error::of(CALL, error))?;
            let stack = page.stack_id().unwrap_or_default().to_owned();
            match page.status() {
                Some(ChangeSetStatus::CreateComplete) => {}
                Some(ChangeSetStatus::Failed) => {
                    let why = page.status_reason().unwrap_or_default().to_owned();
                    let seen = if is_no_change(&why) {
                        Seen::Same
                    } else {
                        Seen::Refused(why)
                    };
                    return Ok(Some((stack, seen)));
                }
                Some(_) | None => return Ok(None),
            }
            let resources = page.changes.unwrap_or_default().into_iter();
            changes.extend(resources.filter_map(|one| one.resource_change));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Some((stack, Seen::Differs(changes))));
            }
        }
        Err(Error::ChangeSet {
            region: self.region.clone(),
            why: format!("its changes have more than {MOST_PAGES} pages"),
        })
    }

    /// Throws a change set away, and the empty stack that was made to hold it.
    ///
    /// # Errors
    /// When CloudFormation refuses.
    pub(crate) async fn discard(&self, id: &str, created: bool) -> Result<(), Error> {
        let deleted = self.client.delete_change_set().change_set_name(id).send().await;
        if let Err(error) = deleted {
            return Err(account::Error::of("cloudformation:DeleteChangeSet", error).into());
        }
        let in_review = match self.found().await? {
            Some(found) if created => found.status == StackStatus::ReviewInProgress,
            Some(_) | None => false,
        };
        if in_review {
            self.delete(STACK).await
        } else {
            Ok(())
        }
    }

    /// Carries a change set out. CloudFormation goes on by itself.
    ///
    /// # Errors
    /// When it refuses.
    pub(crate) async fn execute(&self, prepared: &Prepared) -> Result<(), Error> {
        const CALL: &str = "cloudformation:ExecuteChangeSet";
        let asked = self.client.execute_change_set().change_set_name(&prepared.id);
        asked
            .send()
            .await
            .map_err(|error| account::Error::of(CALL, error))?;
        Ok(())
    }

    /// Deletes the stack of that name or ARN. CloudFormation goes on by itself.
    ///
    /// # Errors
    /// When it refuses.
    pub(crate) async fn delete(&self, stack: &str) -> Result<(), Error> {
        const CALL: &str = "cloudformation:DeleteStack";
        let asked = self.client.delete_stack().stack_name(stack).send().await;
        asked.map_err(|error| account::Error::of(CALL, error))?;
        Ok(())
    }

    /// What the stack consists of.
    ///
    /// # Errors
    /// When CloudFormation does not say.
    pub(crate) async fn resources(&self) -> Result<Vec<Resource>, Error> {
        const CALL: &str = "cloudformation:ListStackResources";
        let (mut found, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let asked = self.client.list_stack_resources().stack_name(STACK);
            let page = asked.set_next_token(next).send().await;
            let page = page.map_err(|error| account::Error::of(CALL, error))?;
            let summaries = page.stack_resource_summaries.unwrap_or_default();
            found.extend(summaries.into_iter().map(|one| Resource {
                logical: one.logical_resource_id.unwrap_or_default(),
                kind: one.resource_type.unwrap_or_default(),
                physical: one.physical_resource_id.unwrap_or_default(),
            }));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// What a comparison came to.
enum Compared {
    Same,
    Differs(Vec<Change>, Vec<Child>),
    Refused(String),
}

/// What one change set says.
enum Seen {
    Same,
    Differs(Vec<ResourceChange>),
    Refused(String),
}

impl Change {
    /// The same in a nested stack.
    fn within(self, logical: &str) -> Self {
        Self {
            logical: format!("{logical}/{}", self.logical),
            ..self
        }
    }
}

fn change(change: &ResourceChange) -> Change {
    let what = match change.action() {
        Some(ChangeAction::Add) => What::Added,
        Some(ChangeAction::Import) => What::Imported,
        Some(ChangeAction::Remove) => match change.policy_action() {
            Some(PolicyAction::Retain) => What::Left,
            Some(_) | None => What::Removed,
        },
        Some(_) | None => match change.replacement() {
            Some(Replacement::True) => What::Replaced,
            Some(Replacement::Conditional) => What::MayBeReplaced,
            Some(_) | None => What::Changed,
        },
    };
    Change {
        logical: change.logical_resource_id().unwrap_or_default().to_owned(),
        kind: change.resource_type().unwrap_or_default().to_owned(),
        what,
    }
}

/// CloudFormation says that a stack is missing with the code of any other mistake.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &E) -> bool {
    error.code() == Some("ValidationError")
        && error
            .message()
            .is_some_and(|words| words.contains("does not exist"))
}

/// Two sentences for one thing: nothing differs in the template, or nothing in what comes of it.
fn is_no_change(why: &str) -> bool {
    why.contains("didn't contain changes") || why.contains("No updates are to be performed")
}
