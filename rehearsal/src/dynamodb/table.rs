//! One table: its keys, the order of its items, and the limits on them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::key_condition::KeyRange;
use super::refusal::Refusal;
use super::tables::Item;
use super::value;

/// The longest partition and sort keys, in bytes (Developer Guide, "Quotas", partition keys and sort keys).
const LONGEST_PARTITION_KEY: usize = 2048;
const LONGEST_SORT_KEY: usize = 1024;

/// The largest item, in bytes, names included (Developer Guide, "Quotas", item size).
const LARGEST_ITEM: usize = 400 * 1024;

/// The most that one query reads, in bytes (API Reference, Query).
const LARGEST_PAGE: usize = 1024 * 1024;

/// An item's primary key. Rust orders strings by their bytes, as DynamoDB orders sort keys (API Reference, Query).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

/// A table whose partition key, and sort key if it has one, are strings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) partition_key: String,
    pub(super) sort_key: Option<String>,
    items: BTreeMap<Key, Item>,
}

/// What a query finds at once.
#[derive(Debug, PartialEq)]
pub(super) struct Page<'t> {
    pub(super) items: Vec<&'t Item>,
    /// Where the next page goes on, unless this one came to the end of the range.
    pub(super) last: Option<Key>,
}

impl Table {
    pub(super) fn new(partition_key: &str, sort_key: Option<&str>) -> Self {
        Self {
            partition_key: partition_key.to_owned(),
            sort_key: sort_key.map(str::to_owned),
            items: BTreeMap::new(),
        }
    }

    /// The items, in the order of their keys.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// An item.
    pub(super) fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    /// Puts an item into the place of its key.
    pub(super) fn put(&mut self, key: Key, item: Item, too_large: &str) -> Result<(), Refusal> {
        let size: usize = item
            .iter()
            .map(|(name, value)| name.len() + value::size(value))
            .sum();
        if size > LARGEST_ITEM {
            return Err(Refusal::invalid(too_large));
        }
        self.items.insert(key, item);
        Ok(())
    }

    /// Takes an item away.
    pub(super) fn delete(&mut self, key: &Key) {
        self.items.remove(key);
    }

    /// The items of a range, after a key, in either direction.
    pub(super) fn page(
        &self,
        range: &KeyRange,
        after: Option<&Key>,
        ascending: bool,
        limit: Option<usize>,
    ) -> Page<'_> {
        let first = Key {
            partition: range.partition.clone(),
            sort: String::new(),
        };
        let held = self
            .items
            .range(first..)
            .take_while(|(key, _)| key.partition == range.partition)
            .filter(|(key, _)| range.holds(&key.sort));
        let in_order: Box<dyn Iterator<Item = (&Key, &Item)>> = if ascending {
            Box::new(held.skip_while(|(key, _)| after.is_some_and(|after| *key <= after)))
        } else {
            // A `TakeWhile` cannot be walked from behind, and a partition of ours is small.
            let held: Vec<_> = held.collect();
            Box::new(
                held.into_iter()
                    .rev()
                    .skip_while(|(key, _)| after.is_some_and(|after| *key >= after)),
            )
        };
        let mut page = Page {
            items: Vec::new(),
            last: None,
        };
        let mut size = 0;
        for (key, item) in in_order {
            page.items.push(item);
            size += item
                .iter()
                .map(|(name, value)| name.len() + value::size(value))
                .sum::<usize>();
            // A full page points on even if nothing comes after it: "the only way to know when you have reached the
            // end of the result set is when LastEvaluatedKey is empty" (API Reference, Query).
            if limit == Some(page.items.len()) || size >= LARGEST_PAGE {
                page.last = Some(key.clone());
                break;
            }
        }
        page
    }

    /// The key that a request gives.
    pub(super) fn key(&self, given: &HashMap<String, AttributeValue>) -> Result<Key, Refusal> {
        let mismatch = || Refusal::invalid("The provided key element does not match the schema");
        let named = |name: &String| match given.get(name) {
            Some(value @ AttributeValue::S(_)) => Ok(value),
            Some(_) | None => Err(mismatch()),
        };
        let partition = named(&self.partition_key)?;
        let sort = self.sort_key.as_ref().map(named).transpose()?;
        if given.len() != 1 + usize::from(sort.is_some()) {
            return Err(mismatch());
        }
        self.key_of(partition, sort)
    }

    /// The key that an item carries.
    pub(super) fn key_in(&self, item: &Item) -> Result<Key, Refusal> {
        let attribute = |name: &str| match item.get(name) {
            Some(value @ AttributeValue::S(_)) => Ok(value),
            Some(value) => Err(Refusal::invalid(format!(
                "One or more parameter values were invalid: Type mismatch for key {name} expected: S actual: {}",
                value::type_name(value)
            ))),
            None => Err(Refusal::invalid(format!(
                "One or more parameter values were invalid: Missing the key {name} in the item"
            ))),
        };
        let sort = self.sort_key.as_deref().map(attribute).transpose()?;
        self.key_of(attribute(&self.partition_key)?, sort)
    }

    fn key_of(&self, partition: &AttributeValue, sort: Option<&AttributeValue>) -> Result<Key, Refusal> {
        let text = |name: &str, value: &AttributeValue| match value {
            AttributeValue::S(text) if !text.is_empty() => Ok(text.clone()),
            _ => Err(Refusal::invalid(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
                 empty string value. Key: {name}"
            ))),
        };
        let key = Key {
            partition: text(&self.partition_key, partition)?,
            sort: match (&self.sort_key, sort) {
                (Some(name), Some(sort)) => text(name, sort)?,
                _ => String::new(),
            },
        };
        if key.partition.len() > LONGEST_PARTITION_KEY {
            return Err(Refusal::invalid(
                "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit \
                 of2048 bytes",
            ));
        }
        if key.sort.len() > LONGEST_SORT_KEY {
            return Err(Refusal::invalid(
                "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size \
                 limit of 1024 bytes",
            ));
        }
        Ok(key)
    }

    /// A key as requests and answers carry it.
    pub(super) fn attributes(&self, key: &Key) -> HashMap<String, AttributeValue> {
        let partition = AttributeValue::S(key.partition.clone());
        let sort = self.sort_key.iter();
        let sort = sort.map(|name| (name.clone(), AttributeValue::S(key.sort.clone())));
        std::iter::once((self.partition_key.clone(), partition))
            .chain(sort)
            .collect()
    }
}
