//! Every state of a machine, nested ones included, for whoever derives a list from it: contract tests, provers, docs.

use super::{Block, Kind, QueryLanguage, State, StateMachine, StateType};

/// One state, as seen from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct StateInfo<'m> {
    /// Where the state stands: names from the top, such as `Fan out/branch 0/Promote` or `Each/Promote`. Stable as long as
    /// the states keep their names.
    pub path: String,
    /// The state's name; AWS wants it unique in the whole machine.
    pub name: &'m str,
    /// JSON path of the state in the definition, such as `$.States.Promote`.
    pub json_path: &'m str,
    /// The state's `Type`.
    pub state_type: StateType,
    /// The language its fields are written in.
    pub query_language: QueryLanguage,
    /// Its `Comment`.
    pub comment: Option<&'m str>,
    /// A Task's `Resource`.
    pub resource: Option<&'m str>,
    /// The literal `FunctionName` of a `lambda:invoke` task.
    pub function_name: Option<&'m str>,
    /// `Retry`, in order.
    pub retry: Vec<ErrorRule<'m>>,
    /// `Catch`, in order.
    pub catch: Vec<ErrorRule<'m>>,
    /// Names of the states that may follow in the same block, `Catch` and Choice rules included.
    pub next: Vec<&'m str>,
    /// Whether the block (machine, branch, item processor) can end here.
    pub terminal: bool,
}

/// A retrier or a catcher, by the errors it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRule<'m> {
    /// `ErrorEquals`.
    pub error_equals: &'m [String],
    /// A catcher's `Next`.
    pub next: Option<&'m str>,
    /// A retrier's `MaxAttempts`.
    pub max_attempts: Option<u64>,
}

impl StateMachine {
    /// All states, depth first, in the order of the definition.
    #[must_use]
    pub fn states(&self) -> Vec<StateInfo<'_>> {
        let mut list = Vec::new();
        add(&self.body, "", &mut list);
        list
    }

    /// Name of the state that the machine starts at.
    #[must_use]
    pub fn start_at(&self) -> &str {
        &self.body.states[self.body.start].name
    }
}

fn add<'m>(block: &'m Block, above: &str, list: &mut Vec<StateInfo<'m>>) {
    for state in &block.states {
        let path = format!("{above}{}", state.name);
        list.push(info(block, state, path.clone()));
        match &state.kind {
            Kind::Parallel { branches } => {
                for (index, branch) in branches.iter().enumerate() {
                    add(branch, &format!("{path}/branch {index}/"), list);
                }
            }
            Kind::Map(map) => add(&map.processor, &format!("{path}/"), list),
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => {}
        }
    }
}

fn info<'m>(block: &'m Block, state: &'m State, path: String) -> StateInfo<'m> {
    let task = match &state.kind {
        Kind::Task(task) => Some(task),
        Kind::Pass { .. }
        | Kind::Choice { .. }
        | Kind::Wait(_)
        | Kind::Parallel { .. }
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail { .. } => None,
    };
    let name = |index: usize| block.states[index].name.as_ref();
    let mut next = Vec::new();
    for index in state.successors() {
        if !next.contains(&name(index)) {
            next.push(name(index));
        }
    }
    StateInfo {
        path,
        name: &state.name,
        json_path: &state.path,
        state_type: state.kind.state_type(),
        query_language: state.language,
        comment: state.comment.as_deref(),
        resource: task.map(|task| task.resource.arn().as_ref()),
        function_name: task.and(state.flow.arguments.as_ref()).and_then(function_name),
        retry: state
            .retry
            .iter()
            .map(|retrier| ErrorRule {
                error_equals: &retrier.errors,
                next: None,
                max_attempts: Some(retrier.max_attempts),
            })
            .collect(),
        catch: state
            .catch
            .iter()
            .map(|catcher| ErrorRule {
                error_equals: &catcher.errors,
                next: Some(name(catcher.next)),
                max_attempts: None,
            })
            .collect(),
        next,
        terminal: state.is_terminal(),
    }
}

fn function_name(arguments: &crate::query::Template) -> Option<&str> {
    use crate::query::Template;
    match arguments {
        Template::Literal(value) => value.get("FunctionName")?.as_str(),
        Template::Object(fields) => match &fields.iter().find(|(name, _)| name == "FunctionName")?.1 {
            Template::Literal(value) => value.as_str(),
            Template::Jsonata(_) | Template::Reference(_) | Template::Array(_) | Template::Object(_) => None,
        },
        Template::Jsonata(_) | Template::Reference(_) | Template::Array(_) => None,
    }
}

impl State {
    /// Positions of the states that may follow.
    pub(crate) fn successors(&self) -> Vec<usize> {
        let mut next = Vec::new();
        match &self.kind {
            Kind::Choice { rules, default } => {
                next.extend(rules.iter().map(|rule| rule.next));
                next.extend(default);
            }
            Kind::Succeed | Kind::Fail { .. } => {}
            Kind::Pass { .. } | Kind::Task(_) | Kind::Wait(_) | Kind::Parallel { .. } | Kind::Map(_) => {
                match self.next {
                    super::Next::State(index) => next.push(index),
                    super::Next::End => {}
                }
            }
        }
        next.extend(self.catch.iter().map(|catcher| catcher.next));
        next
    }

    /// Whether the block can end at this state.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.kind {
            Kind::Choice { .. } => false,
            Kind::Succeed | Kind::Fail { .. } => true,
            Kind::Pass { .. } | Kind::Task(_) | Kind::Wait(_) | Kind::Parallel { .. } | Kind::Map(_) => {
                self.next == super::Next::End
            }
        }
    }
}
