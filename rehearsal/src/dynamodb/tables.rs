//! The operations on tables, from the SDK's inputs to its outputs and errors.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::condition::Condition;
use super::key_condition::KeyRange;
use super::placeholders::{Expressions, Placeholders};
use super::refusal::{Refusal, WriteRefusal};
use super::table::{Key, Table};
use super::update::Update;
use super::value;

/// An item, its attributes in the order of their names.
pub type Item = BTreeMap<String, AttributeValue>;

/// The tables of one account and Region, or the global tables of an account. A clone is a snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    tables: BTreeMap<String, Table>,
}

impl Tables {
    /// No tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an empty table whose partition and sort keys are strings of those names.
    #[must_use]
    pub fn with_table(mut self, name: &str, partition_key: &str, sort_key: &str) -> Self {
        self.tables
            .insert(name.to_owned(), Table::new(partition_key, Some(sort_key)));
        self
    }

    /// Adds an empty table whose only key is a string of that name.
    #[must_use]
    pub fn with_simple_table(mut self, name: &str, partition_key: &str) -> Self {
        self.tables
            .insert(name.to_owned(), Table::new(partition_key, None));
        self
    }

    /// The items of a table in the order of their keys; none if there is no such table.
    pub fn items(&self, table: &str) -> impl Iterator<Item = &Item> {
        self.tables.get(table).into_iter().flat_map(Table::items)
    }

    /// Answers GetItem.
    ///
    /// # Errors
    /// As DynamoDB's: no such table, no valid request.
    pub fn get_item(&self, input: &GetItemInput) -> Result<GetItemOutput, GetItemError> {
        Ok(self.get(input)?)
    }

    /// Answers PutItem.
    ///
    /// # Errors
    /// As DynamoDB's: no such table, no valid request, a condition that is not met.
    pub fn put_item(&mut self, input: &PutItemInput) -> Result<PutItemOutput, PutItemError> {
        Ok(self.put(input)?)
    }

    /// Answers UpdateItem.
    ///
    /// # Errors
    /// As DynamoDB's: no such table, no valid request, a condition that is not met.
    pub fn update_item(&mut self, input: &UpdateItemInput) -> Result<UpdateItemOutput, UpdateItemError> {
        Ok(self.update(input)?)
    }

    /// Answers DeleteItem.
    ///
    /// # Errors
    /// As DynamoDB's: no such table, no valid request, a condition that is not met.
    pub fn delete_item(&mut self, input: &DeleteItemInput) -> Result<DeleteItemOutput, DeleteItemError> {
        Ok(self.delete(input)?)
    }

    /// Answers Query.
    ///
    /// # Errors
    /// As DynamoDB's: no such table, no valid request.
    pub fn query(&self, input: &QueryInput) -> Result<QueryOutput, QueryError> {
        Ok(self.read(input)?)
    }

    fn get(&self, input: &GetItemInput) -> Result<GetItemOutput, Refusal> {
        no_model_for(&[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("ProjectionExpression", input.projection_expression.is_some()),
            ("ReturnConsumedCapacity", input.return_consumed_capacity.is_some()),
        ])?;
        Placeholders::of(input.expression_attribute_names.as_ref(), None, Expressions::None)?;
        let table = self.table(input.table_name.as_deref())?;
        let item = table.get(&table.key(required("Key", input.key.as_ref())?)?);
        Ok(GetItemOutput::builder().set_item(item.map(attributes)).build())
    }

    fn put(&mut self, input: &PutItemInput) -> Result<PutItemOutput, WriteRefusal> {
        no_model_for(&[
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("ReturnConsumedCapacity", input.return_consumed_capacity.is_some()),
            (
                "ReturnItemCollectionMetrics",
                input.return_item_collection_metrics.is_some(),
            ),
        ])?;
        let mut placeholders = Placeholders::of(
            input.expression_attribute_names.as_ref(),
            input.expression_attribute_values.as_ref(),
            expressions(&[&input.condition_expression]),
        )?;
        let guard = Guard::parse(
            input.condition_expression.as_deref(),
            input.return_values_on_condition_check_failure.as_ref(),
            &mut placeholders,
        )?;
        placeholders.all_used()?;
        let returned = Returned::without_new(input.return_values.as_ref())?;
        let new = required("Item", input.item.as_ref())?.iter();
        let new: Item = new
            .map(|(name, value)| Ok((name.clone(), value::accepted(value)?)))
            .collect::<Result<_, Refusal>>()?;

        let table = self.table_mut(input.table_name.as_deref())?;
        let key = table.key_in(&new)?;
        let old = table.get(&key).cloned();
        guard.check(old.as_ref())?;
        table.put(key, new, "Item size has exceeded the maximum allowed size")?;
        Ok(PutItemOutput::builder().set_attributes(returned.old(old)).build())
    }

    fn update(&mut self, input: &UpdateItemInput) -> Result<UpdateItemOutput, WriteRefusal> {
        no_model_for(&[
            ("AttributeUpdates", input.attribute_updates.is_some()),
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("ReturnConsumedCapacity", input.return_consumed_capacity.is_some()),
            (
                "ReturnItemCollectionMetrics",
                input.return_item_collection_metrics.is_some(),
            ),
        ])?;
        let mut placeholders = Placeholders::of(
            input.expression_attribute_names.as_ref(),
            input.expression_attribute_values.as_ref(),
            expressions(&[&input.condition_expression, &input.update_expression]),
        )?;
        let update = match &input.update_expression {
            Some(text) => Update::parse(text, &mut placeholders)?,
            None => Update::default(),
        };
        let guard = Guard::parse(
            input.condition_expression.as_deref(),
            input.return_values_on_condition_check_failure.as_ref(),
            &mut placeholders,
        )?;
        placeholders.all_used()?;
        let returned = Returned::of(input.return_values.as_ref())?;

        let table = self.table_mut(input.table_name.as_deref())?;
        let given = required("Key", input.key.as_ref())?;
        let key = table.key(given)?;
        if let Some(name) = update.changes().find(|name| given.contains_key(*name)) {
            return Err(WriteRefusal::from(Refusal::invalid(format!(
                "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of \
                 the key"
            ))));
        }
        let old = table.get(&key).cloned();
        guard.check(old.as_ref())?;
        // "If an item with that key does not exist, UpdateItem creates a new item" (API Reference, UpdateItem).
        let before = old
            .clone()
            .unwrap_or_else(|| table.attributes(&key).into_iter().collect());
        let new = update.apply(&before)?;
        table.put(
            key,
            new.clone(),
            "Item size to update has exceeded the maximum allowed size",
        )?;
        let attributes = if returned == Returned::New {
            Some(attributes(&new))
        } else {
            returned.old(old)
        };
        Ok(UpdateItemOutput::builder().set_attributes(attributes).build())
    }

    fn delete(&mut self, input: &DeleteItemInput) -> Result<DeleteItemOutput, WriteRefusal> {
        no_model_for(&[
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("ReturnConsumedCapacity", input.return_consumed_capacity.is_some()),
            (
                "ReturnItemCollectionMetrics",
                input.return_item_collection_metrics.is_some(),
            ),
        ])?;
        let mut placeholders = Placeholders::of(
            input.expression_attribute_names.as_ref(),
            input.expression_attribute_values.as_ref(),
            expressions(&[&input.condition_expression]),
        )?;
        let guard = Guard::parse(
            input.condition_expression.as_deref(),
            input.return_values_on_condition_check_failure.as_ref(),
            &mut placeholders,
        )?;
        placeholders.all_used()?;
        let returned = Returned::without_new(input.return_values.as_ref())?;

        let table = self.table_mut(input.table_name.as_deref())?;
        let key = table.key(required("Key", input.key.as_ref())?)?;
        let old = table.get(&key).cloned();
        guard.check(old.as_ref())?;
        table.delete(&key);
        Ok(DeleteItemOutput::builder()
            .set_attributes(returned.old(old))
            .build())
    }

    fn read(&self, input: &QueryInput) -> Result<QueryOutput, Refusal> {
        no_model_for(&[
            ("IndexName", input.index_name.is_some()),
            ("Select", input.select.is_some()),
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("KeyConditions", input.key_conditions.is_some()),
            ("QueryFilter", input.query_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("ReturnConsumedCapacity", input.return_consumed_capacity.is_some()),
            ("ProjectionExpression", input.projection_expression.is_some()),
            ("FilterExpression", input.filter_expression.is_some()),
        ])?;
        let expression = required("KeyConditionExpression", input.key_condition_expression.as_ref())?;
        let mut placeholders = Placeholders::of(
            input.expression_attribute_names.as_ref(),
            input.expression_attribute_values.as_ref(),
            Expressions::Some,
        )?;
        let limit = match input.limit.map(usize::try_from) {
            Some(Ok(0) | Err(_)) => {
                return Err(Refusal::invalid(
                    "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have \
                     value greater than or equal to 1",
                ));
            }
            Some(Ok(limit)) => Some(limit),
            None => None,
        };
        let table = self.table(input.table_name.as_deref())?;
        let Some(sort_key) = &table.sort_key else {
            return Err(Refusal::no_model(format_args!(
                "a query of a table without a sort key"
            )));
        };
        let range = KeyRange::parse(expression, &mut placeholders, &table.partition_key, sort_key)?;
        placeholders.all_used()?;
        let after = match &input.exclusive_start_key {
            Some(given) => Some(starting_key(table, given, &range)?),
            None => None,
        };
        let ascending = input.scan_index_forward.unwrap_or(true);
        let page = table.page(&range, after.as_ref(), ascending, limit);
        // A page is at most 1 MB, so its items can be counted in 32 bits.
        let count = i32::try_from(page.items.len()).unwrap_or(i32::MAX);
        Ok(QueryOutput::builder()
            .count(count)
            .scanned_count(count)
            .set_items(Some(page.items.into_iter().map(attributes).collect()))
            .set_last_evaluated_key(page.last.map(|key| table.attributes(&key)))
            .build())
    }

    fn table(&self, name: Option<&str>) -> Result<&Table, Refusal> {
        self.tables
            .get(*required("TableName", name.as_ref())?)
            .ok_or(Refusal::NoTable)
    }

    fn table_mut(&mut self, name: Option<&str>) -> Result<&mut Table, Refusal> {
        self.tables
            .get_mut(*required("TableName", name.as_ref())?)
            .ok_or(Refusal::NoTable)
    }
}

/// A write's condition, and what the request wants to see when it is not met.
struct Guard {
    condition: Option<Condition>,
    shows_item: bool,
}

impl Guard {
    fn parse(
        text: Option<&str>,
        on_failure: Option<&ReturnValuesOnConditionCheckFailure>,
        placeholders: &mut Placeholders<'_>,
    ) -> Result<Self, Refusal> {
        let parse = |text| Condition::parse("ConditionExpression", text, placeholders);
        let shows_item = match on_failure {
            None | Some(ReturnValuesOnConditionCheckFailure::None) => false,
            Some(ReturnValuesOnConditionCheckFailure::AllOld) => true,
            Some(other) => {
                return Err(Refusal::no_model(format_args!(
                    "ReturnValuesOnConditionCheckFailure {}",
                    other.as_str()
                )));
            }
        };
        Ok(Self {
            condition: text.map(parse).transpose()?,
            shows_item,
        })
    }

    fn check(&self, old: Option<&Item>) -> Result<(), WriteRefusal> {
        let nothing = Item::new();
        match &self.condition {
            Some(condition) if !condition.holds(old.unwrap_or(&nothing)) => {
                Err(WriteRefusal::Condition(old.filter(|_| self.shows_item).cloned()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What a write answers with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returned {
    Nothing,
    Old,
    New,
}

impl Returned {
    fn of(values: Option<&ReturnValue>) -> Result<Self, Refusal> {
        match values {
            None | Some(ReturnValue::None) => Ok(Self::Nothing),
            Some(ReturnValue::AllOld) => Ok(Self::Old),
            Some(ReturnValue::AllNew) => Ok(Self::New),
            Some(other) => Err(Refusal::no_model(format_args!("ReturnValues {}", other.as_str()))),
        }
    }

    /// For PutItem and DeleteItem.
    fn without_new(values: Option<&ReturnValue>) -> Result<Self, Refusal> {
        match Self::of(values)? {
            Self::New => Err(Refusal::invalid("ReturnValues can only be ALL_OLD or NONE")),
            returned @ (Self::Nothing | Self::Old) => Ok(returned),
        }
    }

    fn old(self, old: Option<Item>) -> Option<HashMap<String, AttributeValue>> {
        match self {
            Self::Old => old.as_ref().map(attributes),
            Self::Nothing | Self::New => None,
        }
    }
}

fn attributes(item: &Item) -> HashMap<String, AttributeValue> {
    item.iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn expressions(texts: &[&Option<String>]) -> Expressions {
    if texts.iter().any(|text| text.is_some()) {
        Expressions::Some
    } else {
        Expressions::None
    }
}

fn starting_key(
    table: &Table,
    given: &HashMap<String, AttributeValue>,
    range: &KeyRange,
) -> Result<Key, Refusal> {
    let key = table
        .key(given)
        .map_err(|_| Refusal::invalid("The provided starting key is invalid"))?;
    if key.partition == range.partition && range.holds(&key.sort) {
        Ok(key)
    } else {
        Err(Refusal::invalid(
            "The provided starting key is outside query boundaries based on provided conditions",
        ))
    }
}

fn required<'v, T>(name: &str, value: Option<&'v T>) -> Result<&'v T, Refusal> {
    value.ok_or_else(|| {
        Refusal::invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn no_model_for(parameters: &[(&str, bool)]) -> Result<(), Refusal> {
    match parameters.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Refusal::no_model(format_args!("the parameter {name}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
