//! Bounds on what an expression may build.
//!
//! The evaluator bounds depth, time and the length of sequences, but neither texts nor trees: forty doublings of a text, or
//! of an array that holds itself twice, fill any memory before a timeout strikes. So the syntax tree is rewritten once, when it
//! is parsed: wherever a value goes into a larger one, it goes through a function that refuses what is too large. What
//! cannot grow (literals, `$states.…`, arithmetic) is left as it is.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, StepId};
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::{JValue, with_stack};

/// Names that no expression can spell.
const TREE: &str = "states:tree";
const TEXT: &str = "states:text";
/// Functions whose result may be far larger than their arguments, and what stands in for each.
const GUARDED: [(&str, &str); 3] = [
    ("join", "states:join"),
    ("pad", "states:pad"),
    ("replace", "states:replace"),
];

/// Nodes of a value that goes into another one.
const MAX_NODES: usize = 1_000_000;
/// Depth of such a value.
const MAX_DEPTH: usize = 1_000;
/// Bytes of a text: AWS accepts 2^22 characters and not 2^23 (floci issue 2737), and this is where its memory ends.
const MAX_TEXT: usize = 6_990_256;

/// Give the evaluator the functions that the rewritten tree calls.
pub(super) fn register(evaluator: &mut Evaluator) -> Result<(), EvaluatorError> {
    evaluator.register_fn(TREE, |arguments: &[JValue]| {
        let value = arguments.first().cloned().unwrap_or(JValue::Undefined);
        let mut nodes = MAX_NODES;
        if fits(&value, &mut nodes, 0) {
            Ok(value)
        } else {
            Err(too_large())
        }
    })?;
    evaluator.register_fn(TEXT, |arguments: &[JValue]| {
        let value = arguments.first().cloned().unwrap_or(JValue::Undefined);
        if text_size(&value) <= MAX_TEXT {
            Ok(value)
        } else {
            Err(too_large())
        }
    })?;
    for (name, stand_in) in GUARDED {
        evaluator.register_fn(stand_in, move |arguments: &[JValue]| guarded(name, arguments))?;
    }
    Ok(())
}

/// Whether a rewritten tree calls any of them.
pub(super) fn is_guarded(ast: &AstNode) -> bool {
    let mut names = super::names::Names::default();
    names.visit(ast);
    names.functions.iter().any(|name| name.starts_with("states:"))
}

fn too_large() -> EvaluatorError {
    EvaluatorError::EvaluationError("D2015: the value is too large".to_owned())
}

fn fits(value: &JValue, nodes: &mut usize, depth: usize) -> bool {
    let Some(left) = nodes.checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
        return false;
    };
    *nodes = left;
    match value {
        JValue::Array(items) => with_stack(|| items.iter().all(|item| fits(item, nodes, depth + 1))),
        JValue::Object(_) => with_stack(|| {
            value
                .as_object()
                .is_none_or(|fields| fields.values().all(|field| fits(field, nodes, depth + 1)))
        }),
        JValue::Null
        | JValue::Bool(_)
        | JValue::Number(_)
        | JValue::String(_)
        | JValue::Undefined
        | JValue::Lambda(_)
        | JValue::Builtin { .. }
        | JValue::Regex { .. } => true,
    }
}

/// Roughly the bytes of a value as text, up to somewhat over the limit.
fn text_size(value: &JValue) -> usize {
    fn add(value: &JValue, size: &mut usize) {
        if *size > MAX_TEXT {
            return;
        }
        match value {
            JValue::String(text) => *size += text.len() + 3,
            JValue::Array(items) => with_stack(|| items.iter().for_each(|item| add(item, size))),
            JValue::Object(_) => with_stack(|| {
                for (name, field) in value.as_object().into_iter().flatten() {
                    *size += name.len() + 4;
                    add(field, size);
                }
            }),
            JValue::Null
            | JValue::Bool(_)
            | JValue::Number(_)
            | JValue::Undefined
            | JValue::Lambda(_)
            | JValue::Builtin { .. }
            | JValue::Regex { .. } => *size += 8,
        }
    }
    let mut size = 0;
    add(value, &mut size);
    size
}

/// Call a built-in function once its result is known to be of bearable size.
fn guarded(name: &str, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let text = |index: usize| arguments.get(index).and_then(JValue::as_str);
    let size = match name {
        "join" => {
            let items = arguments.first().and_then(JValue::as_array).map_or(1, Vec::len);
            let separator = text(1).map_or(0, str::len);
            arguments
                .first()
                .map_or(0, text_size)
                .saturating_add(items.saturating_mul(separator))
        }
        "pad" => {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "`as` saturates"
            )]
            let width = arguments
                .get(1)
                .and_then(JValue::as_f64)
                .map_or(0, |width| width.abs() as usize);
            width.saturating_mul(4)
        }
        _ => {
            let (subject, replacement) = (text(0).unwrap_or_default(), text(2).map_or(0, str::len));
            let most = match text(1) {
                Some("") | None => subject.len() + 1,
                Some(pattern) => subject.matches(pattern).count(),
            };
            subject.len().saturating_add(most.saturating_mul(replacement))
        }
    };
    if size > MAX_TEXT {
        return Err(too_large());
    }
    let names = ["a", "b", "c", "d"];
    let mut context = Context::new();
    let mut call = Vec::new();
    for (name, argument) in names.iter().zip(arguments) {
        context.bind((*name).to_owned(), argument.clone());
        call.push(format!("${name}"));
    }
    let source = format!("${name}({})", call.join(","));
    let ast = parser::parse(&source).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    Evaluator::with_context(context).evaluate(&ast, &JValue::Undefined)
}

/// Rewrite a tree so that nothing in it grows without bound.
pub(super) fn bounded(node: AstNode) -> AstNode {
    with_stack(|| bounded_here(node))
}

fn boxed(mut node: Box<AstNode>) -> Box<AstNode> {
    *node = bounded(std::mem::replace(&mut *node, AstNode::Null));
    node
}

fn list(nodes: Vec<AstNode>) -> Vec<AstNode> {
    nodes.into_iter().map(bounded).collect()
}

fn through(name: &str, node: AstNode) -> AstNode {
    AstNode::Function {
        name: name.to_owned(),
        args: vec![node],
        is_builtin: true,
    }
}

/// The value of this node goes into an array or an object.
fn part(node: AstNode) -> AstNode {
    if can_grow(&node) {
        through(TREE, bounded(node))
    } else {
        bounded(node)
    }
}

/// The value of this node goes into a text.
fn text(node: AstNode) -> AstNode {
    // A chain of `&` is as long as its source: its operands are looked at, not its parts, which would cost depth.
    let chain = matches!(
        node,
        AstNode::Binary {
            op: BinaryOp::Concatenate,
            ..
        }
    );
    if !chain && can_grow(&node) {
        through(TEXT, bounded(node))
    } else {
        bounded(node)
    }
}

/// Whether evaluating the node again and again could give ever larger values.
fn can_grow(node: &AstNode) -> bool {
    match node {
        AstNode::Variable(name) => name != "states",
        AstNode::Path { steps } => steps.first().is_some_and(|step| can_grow(&step.node)),
        AstNode::Function { .. }
        | AstNode::Call { .. }
        | AstNode::Conditional { .. }
        | AstNode::Block(_)
        | AstNode::ObjectTransform { .. }
        | AstNode::FunctionApplication(_)
        | AstNode::Sort { .. } => true,
        AstNode::Binary { op, .. } => matches!(
            op,
            BinaryOp::Concatenate
                | BinaryOp::Coalesce
                | BinaryOp::Default
                | BinaryOp::ChainPipe
                | BinaryOp::ColonEqual
        ),
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::ParentVariable(_)
        | AstNode::Unary { .. }
        | AstNode::Lambda { .. }
        | AstNode::Array(_)
        | AstNode::Object(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_)
        | AstNode::ArrayGroup(_)
        | AstNode::Transform { .. } => false,
    }
}

fn bounded_here(node: AstNode) -> AstNode {
    match node {
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => node,
        AstNode::Path { steps } => AstNode::Path {
            steps: steps.into_iter().map(step).collect(),
        },
        AstNode::Binary {
            op: BinaryOp::Concatenate,
            lhs,
            rhs,
        } => AstNode::Binary {
            op: BinaryOp::Concatenate,
            lhs: Box::new(text(*lhs)),
            rhs: Box::new(text(*rhs)),
        },
        AstNode::Binary { op, lhs, rhs } => AstNode::Binary {
            op,
            lhs: boxed(lhs),
            rhs: boxed(rhs),
        },
        AstNode::Unary { op, operand } => AstNode::Unary {
            op,
            operand: boxed(operand),
        },
        AstNode::Function {
            name,
            args,
            is_builtin,
        } => {
            // A partial application keeps the name it asks for.
            let whole = !args
                .iter()
                .any(|argument| matches!(argument, AstNode::Placeholder));
            let stand_in = GUARDED
                .iter()
                .find(|(guarded, _)| whole && is_builtin && *guarded == name);
            let name = stand_in.map_or(name, |(_, stand_in)| (*stand_in).to_owned());
            AstNode::Function {
                name,
                args: list(args),
                is_builtin,
            }
        }
        AstNode::Call { procedure, args } => AstNode::Call {
            procedure: boxed(procedure),
            args: list(args),
        },
        AstNode::Lambda {
            params,
            body,
            signature,
            thunk,
        } => AstNode::Lambda {
            params,
            body: boxed(body),
            signature,
            thunk,
        },
        AstNode::Array(items) => AstNode::Array(items.into_iter().map(part).collect()),
        AstNode::ArrayGroup(items) => AstNode::ArrayGroup(items.into_iter().map(part).collect()),
        AstNode::Object(pairs) => AstNode::Object(object(pairs)),
        AstNode::ObjectTransform { input, pattern } => AstNode::ObjectTransform {
            input: boxed(input),
            pattern: object(pattern),
        },
        AstNode::Block(items) => AstNode::Block(list(items)),
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => AstNode::Conditional {
            condition: boxed(condition),
            then_branch: boxed(then_branch),
            else_branch: else_branch.map(boxed),
        },
        AstNode::FunctionApplication(inner) => AstNode::FunctionApplication(boxed(inner)),
        AstNode::Sort { input, terms } => AstNode::Sort {
            input: boxed(input),
            terms: terms
                .into_iter()
                .map(|(term, ascending)| (bounded(term), ascending))
                .collect(),
        },
        AstNode::Transform {
            location,
            update,
            delete,
        } => AstNode::Transform {
            location: boxed(location),
            update: boxed(update),
            delete: delete.map(boxed),
        },
    }
}

fn object(pairs: Vec<(AstNode, AstNode)>) -> Vec<(AstNode, AstNode)> {
    pairs
        .into_iter()
        .map(|(key, value)| (bounded(key), part(value)))
        .collect()
}

fn step(step: PathStep) -> PathStep {
    let stages = step.stages.into_iter().map(|stage| match stage {
        Stage::Filter(node) => Stage::Filter(Box::new(bounded(*node))),
        Stage::Index(_) | Stage::KeepArray => stage,
    });
    // A step whose node changes gets an identity of its own: the evaluator keys a cache by it.
    PathStep {
        node: bounded(step.node),
        stages: stages.collect(),
        id: StepId::default(),
        ..step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(source: &str) -> Result<String, String> {
        let ast = bounded(parser::parse(source).unwrap());
        let mut evaluator = Evaluator::new();
        register(&mut evaluator).unwrap();
        let value = evaluator
            .evaluate(&ast, &JValue::Undefined)
            .map_err(|error| error.to_string())?;
        value.to_json_string().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_bearable_is_what_it_was() {
        for source in [
            "$join(['a', 'b'], '-') & $pad('x', 3) & '|' & 1 & true",
            "$replace('hello', 'l', 'L')",
            "$replace('hello', /l+/, function($m) { $uppercase($m.match) })",
            "[1, [2, 3], $map([1, 2], function($x) { [$x, $x] }), {'a': $count([1, 2])}]",
            "($x := [1, 2]; [$x, $x])",
            "($x := {'a': [1]}; {'b': $x.a, 'c': $x})",
            "'a' & nothing",
            "['b', 'a']^($)",
            "$join($map(['a'], $uppercase))",
        ] {
            let plain = Evaluator::new()
                .evaluate(&parser::parse(source).unwrap(), &JValue::Undefined)
                .unwrap();
            assert_eq!(evaluate(source), Ok(plain.to_json_string().unwrap()), "{source}");
        }
    }

    #[test]
    fn what_is_not_is_refused_at_once() {
        for source in [
            "$length($reduce([1..60], function($text, $i) { $text & $text }, 'x'))",
            "$count($reduce([1..60], function($list, $i) { [$list, $list] }, [1]))",
            "$reduce([1..60], function($tree, $i) { {'a': $tree, 'b': $tree} }, 1)",
            "$length($string($reduce([1..60], function($tree, $i) { [[$tree], [$tree]] }, 1)))",
            "$pad('x', 4000000000)",
            "$join([1..800000].('x'), $pad('y', 10000))",
            "$replace($pad('x', 1000000, 'x'), 'x', $pad('y', 1000000))",
        ] {
            let error = evaluate(source).unwrap_err();
            assert!(
                error.contains("too large") || error.contains("D20"),
                "{source}: {error}"
            );
        }
    }
}
