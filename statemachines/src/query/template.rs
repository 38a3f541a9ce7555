//! A JSON value with expressions at its leaves: `Arguments`, `Output`, `Parameters`, `ResultSelector`, `Assign` …

use serde_json::{Map, Value};

use super::jsonata::{self, Expression};
use super::reference::Reference;

/// A compiled template. Sub-trees without expressions are kept as the values they are.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    /// As is.
    Literal(Value),
    /// A JSONata expression.
    Jsonata(Expression),
    /// What stood at the right of a `….$` field, or of a `…Path` field.
    Reference(Reference),
    /// An array with at least one expression in it.
    Array(Vec<Template>),
    /// An object with at least one expression in it. Keys are final: without `.$`.
    Object(Vec<(String, Template)>),
}

/// Where in a template something is wrong, and what.
pub(crate) struct Wrong {
    /// Path below the template, such as `.a[0]`.
    pub(crate) place: String,
    pub(crate) what: String,
}

impl Template {
    /// Compile a template of a JSONata state.
    pub(crate) fn jsonata(value: &Value, wrong: &mut Vec<Wrong>) -> Self {
        build_jsonata(value, &mut String::new(), wrong)
    }

    /// Compile a payload template of a JSONPath state.
    pub(crate) fn jsonpath(value: &Value, wrong: &mut Vec<Wrong>) -> Self {
        build_jsonpath(value, &mut String::new(), wrong)
    }

    /// Call back for each expression.
    pub(crate) fn each<'t>(&'t self, visit: &mut dyn FnMut(&'t Template)) {
        match self {
            Self::Literal(_) => {}
            Self::Jsonata(_) | Self::Reference(_) => visit(self),
            Self::Array(items) => items.iter().for_each(|item| item.each(visit)),
            Self::Object(fields) => fields.iter().for_each(|(_, field)| field.each(visit)),
        }
    }
}

fn build_jsonata(value: &Value, place: &mut String, wrong: &mut Vec<Wrong>) -> Template {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Template::Literal(value.clone()),
        Value::String(text) if jsonata::is_expression(text) => match Expression::parse(text) {
            Ok(expression) => Template::Jsonata(expression),
            Err(what) => {
                wrong.push(Wrong {
                    place: place.clone(),
                    what,
                });
                Template::Literal(Value::Null)
            }
        },
        Value::String(_) => Template::Literal(value.clone()),
        Value::Array(items) => fold_array(value, items, place, |item, place| {
            build_jsonata(item, place, wrong)
        }),
        Value::Object(fields) => {
            let mut compiled = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                let length = place.len();
                place.push('.');
                place.push_str(name);
                compiled.push((name.clone(), build_jsonata(field, place, wrong)));
                place.truncate(length);
            }
            fold_object(compiled)
        }
    }
}

fn build_jsonpath(value: &Value, place: &mut String, wrong: &mut Vec<Wrong>) -> Template {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Template::Literal(value.clone())
        }
        Value::Array(items) => fold_array(value, items, place, |item, place| {
            build_jsonpath(item, place, wrong)
        }),
        Value::Object(fields) => {
            let mut compiled = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                let length = place.len();
                place.push('.');
                place.push_str(name);
                compiled.push(match name.strip_suffix(".$") {
                    Some(stem) => {
                        let parsed = match field.as_str() {
                            Some(text) => Reference::parse(text),
                            None => Err(
                                "a field that ends in .$ wants a string: a path or an intrinsic function"
                                    .into(),
                            ),
                        };
                        let template = parsed.map(Template::Reference).unwrap_or_else(|what| {
                            wrong.push(Wrong {
                                place: place.clone(),
                                what,
                            });
                            Template::Literal(Value::Null)
                        });
                        (stem.to_owned(), template)
                    }
                    None => (name.clone(), build_jsonpath(field, place, wrong)),
                });
                place.truncate(length);
            }
            fold_object(compiled)
        }
    }
}

fn fold_array(
    value: &Value,
    items: &[Value],
    place: &mut String,
    mut each: impl FnMut(&Value, &mut String) -> Template,
) -> Template {
    let mut compiled = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let length = place.len();
        place.push_str(&format!("[{index}]"));
        compiled.push(each(item, place));
        place.truncate(length);
    }
    if compiled.iter().all(|item| matches!(item, Template::Literal(_))) {
        return Template::Literal(value.clone());
    }
    Template::Array(compiled)
}

fn fold_object(fields: Vec<(String, Template)>) -> Template {
    if fields
        .iter()
        .any(|(_, field)| !matches!(field, Template::Literal(_)))
    {
        return Template::Object(fields);
    }
    let mut object = Map::new();
    for (name, field) in fields {
        if let Template::Literal(value) = field {
            object.insert(name, value);
        }
    }
    Template::Literal(Value::Object(object))
}
