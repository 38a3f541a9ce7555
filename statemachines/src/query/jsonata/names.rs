//! Which names an expression reads and does not bind itself.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, PathStep, Stage};

/// The free names of an expression.
#[derive(Default)]
pub(super) struct Names {
    pub(super) variables: BTreeSet<String>,
    pub(super) functions: BTreeSet<String>,
    bound: Vec<String>,
}

impl Names {
    fn variable(&mut self, name: &str) {
        if !self.bound.iter().any(|bound| bound == name) {
            self.variables.insert(name.to_owned());
        }
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n AstNode>) {
        for node in nodes {
            self.visit(node);
        }
    }

    fn pairs(&mut self, pairs: &[(AstNode, AstNode)]) {
        for (key, value) in pairs {
            self.visit(key);
            self.visit(value);
        }
    }

    fn step(&mut self, step: &PathStep) {
        self.visit(&step.node);
        self.bound
            .extend(step.focus.iter().chain(&step.index_var).cloned());
        for stage in &step.stages {
            match stage {
                Stage::Filter(node) => self.visit(node),
                Stage::Index(name) => self.bound.push(name.clone()),
                Stage::KeepArray => {}
            }
        }
    }

    pub(super) fn visit(&mut self, node: &AstNode) {
        jsonata_core::value::with_stack(|| self.visit_here(node));
    }

    fn visit_here(&mut self, node: &AstNode) {
        let scope = self.bound.len();
        match node {
            AstNode::String(_)
            | AstNode::Name(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::ParentVariable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_) => return,
            AstNode::Variable(name) => return self.variable(name),
            AstNode::Path { steps } => steps.iter().for_each(|step| self.step(step)),
            AstNode::Binary {
                op: jsonata_core::ast::BinaryOp::ColonEqual,
                lhs,
                rhs,
            } => {
                if let AstNode::Variable(name) = lhs.as_ref() {
                    // Bound before its value is read, so that a function may call itself.
                    self.bound.push(name.clone());
                }
                // The binding lasts to the end of the block, so the scope is not closed here.
                return self.visit(rhs);
            }
            AstNode::Binary { op: _, lhs, rhs } => self.all([lhs.as_ref(), rhs.as_ref()]),
            AstNode::Unary { op: _, operand } => self.visit(operand),
            AstNode::Function {
                name,
                args,
                is_builtin: _,
            } => {
                if !self.bound.contains(name) {
                    self.functions.insert(name.clone());
                }
                self.all(args);
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure);
                self.all(args);
            }
            AstNode::Lambda { params, body, .. } => {
                self.bound.extend(params.iter().cloned());
                self.visit(body);
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => self.all(items),
            AstNode::Object(pairs) => self.pairs(pairs),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input);
                self.pairs(pattern);
            }
            AstNode::Conditional {
                condition,
                then_branch,
                else_branch,
            } => {
                self.all([condition.as_ref(), then_branch.as_ref()]);
                self.all(else_branch.as_deref());
            }
            AstNode::FunctionApplication(inner) => self.visit(inner),
            AstNode::Sort { input, terms } => {
                self.visit(input);
                self.all(terms.iter().map(|(term, _)| term));
            }
            AstNode::Transform {
                location,
                update,
                delete,
            } => {
                self.all([location.as_ref(), update.as_ref()]);
                self.all(delete.as_deref());
            }
        }
        if !matches!(
            node,
            AstNode::Path { .. } | AstNode::Array(_) | AstNode::Binary { .. } | AstNode::Object(_)
        ) {
            self.bound.truncate(scope);
        }
    }
}

/// The first reference to a context at the top of an expression, where there is none. Inside paths, predicates and functions
/// there is one.
pub(super) fn top_level(node: &AstNode) -> Option<String> {
    jsonata_core::value::with_stack(|| top_level_here(node))
}

fn first<'n>(nodes: impl IntoIterator<Item = &'n AstNode>) -> Option<String> {
    nodes.into_iter().find_map(top_level)
}

fn top_level_here(node: &AstNode) -> Option<String> {
    match node {
        AstNode::Name(name) => Some(name.clone()),
        AstNode::Variable(name) if name.is_empty() => Some("$".to_owned()),
        AstNode::ParentVariable(_) => Some("$$".to_owned()),
        AstNode::Wildcard => Some("*".to_owned()),
        AstNode::Descendant => Some("**".to_owned()),
        AstNode::Path { steps } => steps.first().and_then(|step| top_level(&step.node)),
        AstNode::Binary {
            op: jsonata_core::ast::BinaryOp::ColonEqual,
            lhs: _,
            rhs,
        } => top_level(rhs),
        AstNode::Binary { lhs, rhs, .. } => first([lhs.as_ref(), rhs.as_ref()]),
        AstNode::Unary { operand, .. } => top_level(operand),
        AstNode::Function { args, .. } => first(args),
        AstNode::Call { procedure, args } => top_level(procedure).or_else(|| first(args)),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => first(items),
        AstNode::Object(pairs) => first(pairs.iter().flat_map(|(key, value)| [key, value])),
        AstNode::ObjectTransform { input, .. } | AstNode::Sort { input, .. } => top_level(input),
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => first([condition.as_ref(), then_branch.as_ref()]).or_else(|| first(else_branch.as_deref())),
        AstNode::String(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::Lambda { .. }
        | AstNode::FunctionApplication(_)
        | AstNode::Parent(_)
        | AstNode::Transform { .. } => None,
    }
}
