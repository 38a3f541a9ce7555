use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use super::*;

const TABLE: &str = "journal";

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn tables() -> Tables {
    Tables::new().with_table(TABLE, "pk", "sk")
}

fn key(partition: &str, sort: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), s(partition)), ("sk".to_owned(), s(sort))])
}

/// A request to put an item with a counter.
fn put(partition: &str, sort: &str, count: i64) -> PutItemInput {
    let mut item = key(partition, sort);
    item.insert("count_".to_owned(), n(count));
    PutItemInput::builder()
        .table_name(TABLE)
        .set_item(Some(item))
        .build()
        .expect("complete")
}

/// Tables whose partition `p` has those sort keys.
fn holding(sorts: &[&str]) -> Tables {
    let mut tables = tables();
    for (count, sort) in (0..).zip(sorts) {
        tables.put_item(&put("p", sort, count)).expect("valid");
    }
    tables
}

fn get(tables: &Tables, sort: &str) -> Option<HashMap<String, AttributeValue>> {
    let input = GetItemInput::builder()
        .table_name(TABLE)
        .set_key(Some(key("p", sort)))
        .build()
        .expect("complete");
    tables.get_item(&input).expect("valid").item
}

/// Code and message of an error.
fn words<T: std::fmt::Debug>(answer: Result<T, impl ProvideErrorMetadata>) -> String {
    match answer {
        Ok(output) => panic!("was not refused: {output:?}"),
        Err(error) => format!(
            "{}: {}",
            error.code().unwrap_or("no code"),
            error.message().unwrap_or("no message")
        ),
    }
}

/// A query of partition `p`, which a test completes.
fn query() -> aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder {
    QueryInput::builder()
        .table_name(TABLE)
        .key_condition_expression("pk = :p AND begins_with(sk, :prefix)")
        .expression_attribute_values(":p", s("p"))
        .expression_attribute_values(":prefix", s("a"))
}

/// The sort keys of all pages, and how many pages there were.
fn all_pages(tables: &Tables, limit: i32, forward: bool) -> (Vec<String>, usize) {
    let (mut sorts, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let query = query()
            .limit(limit)
            .scan_index_forward(forward)
            .set_exclusive_start_key(next);
        let page = tables.query(&query.build().expect("complete")).expect("valid");
        pages += 1;
        assert_eq!(page.count as usize, page.items().len());
        for item in page.items() {
            sorts.push(item["sk"].as_s().expect("a string").clone());
        }
        next = page.last_evaluated_key;
        if next.is_none() {
            return (sorts, pages);
        }
    }
}

#[test]
fn what_was_put_is_got_until_it_is_deleted() {
    let mut tables = holding(&["a"]);
    assert_eq!(get(&tables, "a").expect("put")["count_"], n(0));
    let delete = DeleteItemInput::builder()
        .table_name(TABLE)
        .set_key(Some(key("p", "a")))
        .return_values(ReturnValue::AllOld)
        .build()
        .expect("complete");
    assert_eq!(
        tables
            .delete_item(&delete)
            .expect("valid")
            .attributes
            .expect("old")["count_"],
        n(0)
    );
    assert_eq!(get(&tables, "a"), None);
    assert_eq!(
        tables.delete_item(&delete).expect("valid").attributes,
        None,
        "deleting again is no error"
    );
}

#[test]
fn a_put_replaces_the_whole_item_and_may_return_it() {
    let mut tables = holding(&["a"]);
    let mut again = put("p", "a", 7);
    again.return_values = Some(ReturnValue::AllOld);
    assert_eq!(
        tables.put_item(&again).expect("valid").attributes.expect("old")["count_"],
        n(0)
    );
    assert_eq!(get(&tables, "a").expect("put")["count_"], n(7));
}

#[test]
fn a_condition_that_is_not_met_changes_nothing_and_shows_the_item_on_request() {
    let mut tables = holding(&["a"]);
    let before = tables.clone();
    let mut again = put("p", "a", 7);
    again.condition_expression = Some("attribute_not_exists(pk)".to_owned());
    assert_eq!(
        words(tables.put_item(&again)),
        "ConditionalCheckFailedException: The conditional request failed"
    );

    again.return_values_on_condition_check_failure = Some(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(PutItemError::ConditionalCheckFailedException(refusal)) = tables.put_item(&again) else {
        panic!("the condition was met")
    };
    assert_eq!(refusal.item.expect("asked for")["count_"], n(0));
    assert_eq!(tables, before);
}

#[test]
fn an_update_creates_what_is_not_there_and_returns_what_was_asked_for() {
    let mut tables = tables();
    let update = |returned| {
        UpdateItemInput::builder()
            .table_name(TABLE)
            .set_key(Some(key("p", "a")))
            .update_expression("SET #n = if_not_exists(#n, :zero) + :one")
            .expression_attribute_names("#n", "count")
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":one", n(1))
            .return_values(returned)
            .build()
            .expect("complete")
    };
    let first = tables
        .update_item(&update(ReturnValue::AllNew))
        .expect("valid")
        .attributes
        .expect("new");
    assert_eq!((&first["count"], &first["pk"]), (&n(1), &s("p")));
    let second = tables
        .update_item(&update(ReturnValue::AllOld))
        .expect("valid")
        .attributes
        .expect("old");
    assert_eq!(second["count"], n(1));
    assert_eq!(
        tables
            .update_item(&update(ReturnValue::None))
            .expect("valid")
            .attributes,
        None
    );
    assert_eq!(get(&tables, "a").expect("updated")["count"], n(3));
}

#[test]
fn an_update_that_fails_half_way_changes_nothing() {
    let mut tables = holding(&["a"]);
    let before = tables.clone();
    let update = UpdateItemInput::builder()
        .table_name(TABLE)
        .set_key(Some(key("p", "a")))
        .update_expression("SET x = :one, y = absent")
        .expression_attribute_values(":one", n(1));
    let answer = tables.update_item(&update.build().expect("complete"));
    assert!(words(answer).contains("does not exist in the item"));
    assert_eq!(tables, before);
}

#[test]
fn pages_follow_each_other_in_both_directions() {
    let tables = holding(&["a1", "a2", "a3", "a4", "b1"]);
    let up = ["a1", "a2", "a3", "a4"].map(str::to_owned).to_vec();
    let down: Vec<String> = up.iter().rev().cloned().collect();
    for limit in 1..=5 {
        // A full page cannot know that it is the last one.
        let pages = 4 / limit as usize + 1;
        assert_eq!(
            all_pages(&tables, limit, true),
            (up.clone(), pages),
            "limit {limit}"
        );
        assert_eq!(
            all_pages(&tables, limit, false),
            (down.clone(), pages),
            "limit {limit}"
        );
    }
}

#[test]
fn a_page_ends_at_a_megabyte() {
    let mut tables = tables();
    for sort in ["a1", "a2", "a3", "a4", "a5"] {
        let mut large = put("p", sort, 0);
        large
            .item
            .as_mut()
            .expect("given")
            .insert("text_".to_owned(), s(&"x".repeat(300 * 1024)));
        tables.put_item(&large).expect("below the limit of an item");
    }
    let (sorts, pages) = all_pages(&tables, 100, true);
    assert_eq!((sorts.len(), pages), (5, 2));
}

#[test]
fn partitions_do_not_see_each_other() {
    let mut tables = holding(&["a1"]);
    for partition in ["o", "pa", "q"] {
        tables.put_item(&put(partition, "a9", 9)).expect("valid");
    }
    assert_eq!(all_pages(&tables, 10, true).0, ["a1"]);
    assert_eq!(all_pages(&tables, 10, false).0, ["a1"]);
    assert_eq!(tables.items(TABLE).count(), 4);
    assert_eq!(tables.items("other").count(), 0);
}

#[test]
fn requests_that_dynamodb_refuses_are_refused() {
    let mut tables = holding(&["a"]);
    let mut refused = Vec::new();

    let get = |builder: fn(aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder) -> _| {
        let base = GetItemInput::builder()
            .table_name(TABLE)
            .set_key(Some(key("p", "a")));
        let input: aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder = builder(base);
        words(tables.get_item(&input.build().expect("complete")))
    };
    refused.push(get(|input| input.table_name("other")));
    refused.push(get(|input| input.set_key(None)));
    refused.push(get(|input| input.key("third", s("x"))));
    refused.push(get(|input| input.key("sk", n(1))));
    refused.push(get(|input| input.key("sk", s(""))));
    refused.push(get(|input| input.key("sk", s(&"x".repeat(1025)))));
    refused.push(get(|input| input.key("pk", s(&"x".repeat(2049)))));
    refused.push(get(|input| input.expression_attribute_names("#a", "a")));
    refused.push(get(|input| input.projection_expression("a")));

    let mut put = |change: fn(&mut PutItemInput)| {
        let mut input = put("p", "a", 1);
        change(&mut input);
        words(tables.put_item(&input))
    };
    refused.push(put(|input| {
        input.item.as_mut().expect("given").remove("sk");
    }));
    refused.push(put(|input| {
        input.item.as_mut().expect("given").insert("sk".to_owned(), n(1));
    }));
    refused.push(put(|input| {
        input
            .item
            .as_mut()
            .expect("given")
            .insert("x".to_owned(), AttributeValue::Ss(vec!["a".to_owned()]));
    }));
    refused.push(put(|input| {
        input
            .item
            .as_mut()
            .expect("given")
            .insert("x".to_owned(), s(&"x".repeat(400 * 1024)));
    }));
    refused.push(put(|input| input.return_values = Some(ReturnValue::AllNew)));
    refused.push(put(|input| {
        input.condition_expression = Some("ttl = sk".to_owned())
    }));
    refused.push(put(|input| {
        input.expression_attribute_values = Some(HashMap::from([(":a".to_owned(), n(1))]))
    }));
    refused.push(put(|input| {
        input.condition_expression = Some("attribute_exists(pk)".to_owned());
        input.expression_attribute_values =
            Some(HashMap::from([(":b".to_owned(), n(1)), (":a".to_owned(), n(1))]));
    }));
    refused.push(put(|input| {
        input.condition_expression = Some("attribute_exists(pk)".to_owned());
        input.expression_attribute_names = Some(HashMap::from([("#a".to_owned(), "a".to_owned())]));
    }));
    refused.push(put(|input| {
        input.condition_expression = Some("attribute_exists(pk)".to_owned());
        input.expression_attribute_names = Some(HashMap::new());
    }));
    refused.push(put(|input| {
        input.condition_expression = Some("a = :a".to_owned());
        input.expression_attribute_values = Some(HashMap::from([("a".to_owned(), n(1))]));
    }));

    let mut update = |expression: &str, returned| {
        let input = UpdateItemInput::builder()
            .table_name(TABLE)
            .set_key(Some(key("p", "a")))
            .update_expression(expression)
            .expression_attribute_values(":one", n(1))
            .return_values(returned);
        words(tables.update_item(&input.build().expect("complete")))
    };
    refused.push(update("SET sk = :one", ReturnValue::None));
    refused.push(update("SET a = :one", ReturnValue::UpdatedNew));

    let query = |builder: fn(aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder) -> _| {
        let input: aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder = builder(query());
        words(tables.query(&input.build().expect("complete")))
    };
    refused.push(query(|input| input.limit(0)));
    refused.push(query(|input| input.set_key_condition_expression(None)));
    refused.push(query(|input| input.filter_expression("a = b")));
    refused.push(query(|input| input.set_exclusive_start_key(Some(key("q", "a")))));
    refused.push(query(|input| input.exclusive_start_key("pk", s("p"))));

    insta::assert_snapshot!(refused.join("\n"));
}
