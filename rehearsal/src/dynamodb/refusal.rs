//! Why a request is refused, in DynamoDB's words, and as the errors of the SDK.

use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, ResourceNotFoundException};

use super::tables::Item;

/// What any request can meet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    /// There is no such table.
    NoTable,
    /// The request is not valid.
    Invalid(String),
}

/// What a write can meet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WriteRefusal {
    /// The condition was not met; by this item, if the request asked for it.
    Condition(Option<Item>),
    /// What any request can meet.
    Other(Refusal),
}

impl Refusal {
    /// A `ValidationException`.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// A `ValidationException` for what DynamoDB may well accept and the embedded table does not know.
    pub(super) fn no_model(construct: impl std::fmt::Display) -> Self {
        Self::Invalid(format!("the embedded table has no model for {construct}"))
    }
}

impl From<Refusal> for WriteRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

/// As every service error arrives: with its code and its message beside the type.
fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn not_found() -> ResourceNotFoundException {
    let message = "Requested resource not found";
    ResourceNotFoundException::builder()
        .message(message)
        .meta(meta("ResourceNotFoundException", message))
        .build()
}

fn condition_failed(item: Option<Item>) -> ConditionalCheckFailedException {
    let message = "The conditional request failed";
    ConditionalCheckFailedException::builder()
        .message(message)
        .set_item(item.map(|item| item.into_iter().collect()))
        .meta(meta("ConditionalCheckFailedException", message))
        .build()
}

/// The SDK has one error type per operation, with the same variants. `ValidationException` has no variant: it is one
/// of the errors common to all operations, and the SDK gives its code only.
macro_rules! as_errors_of {
    ($($error:ident),*) => {
        $(impl From<Refusal> for $error {
            fn from(refusal: Refusal) -> Self {
                match refusal {
                    Refusal::NoTable => Self::ResourceNotFoundException(not_found()),
                    Refusal::Invalid(message) => Self::generic(meta("ValidationException", &message)),
                }
            }
        })*
    };
}

macro_rules! as_errors_of_writes {
    ($($error:ident),*) => {
        as_errors_of!($($error),*);
        $(impl From<WriteRefusal> for $error {
            fn from(refusal: WriteRefusal) -> Self {
                match refusal {
                    WriteRefusal::Condition(item) => Self::ConditionalCheckFailedException(condition_failed(item)),
                    WriteRefusal::Other(refusal) => refusal.into(),
                }
            }
        })*
    };
}

as_errors_of!(GetItemError, QueryError);
as_errors_of_writes!(PutItemError, UpdateItemError, DeleteItemError);
