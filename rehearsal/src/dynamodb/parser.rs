//! What the expressions' grammars share: a place in the text, operands and paths.

use aws_sdk_dynamodb::types::AttributeValue;

use super::placeholders::Placeholders;
use super::refusal::Refusal;
use super::reserved::is_reserved;
use super::tables::Item;
use super::tokens::{Token, syntax_error, tokens};

/// How deep parentheses, NOTs and functions may be nested. DynamoDB counts operators instead, 300 at most
/// (Developer Guide, "Quotas", expression parameters); this bound is for our stack, and far above any expression of
/// ours.
const DEEPEST: usize = 32;

/// Something in an expression that has a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// An attribute of the item.
    Path(String),
    /// What a placeholder stands for.
    Value(AttributeValue),
}

impl Operand {
    /// The operand's value for an item, if the item has it.
    pub(super) fn of<'v>(&'v self, item: &'v Item) -> Option<&'v AttributeValue> {
        match self {
            Self::Path(name) => item.get(name),
            Self::Value(value) => Some(value),
        }
    }
}

/// A place in an expression. Its errors are the words behind `Invalid …Expression: `.
pub(super) struct Parser<'p, 'r> {
    tokens: Vec<Token<'p>>,
    next: usize,
    depth: usize,
    placeholders: &'p mut Placeholders<'r>,
}

/// Reads a whole expression, and puts its kind before what is wrong with it.
pub(super) fn parse<T>(
    kind: &str,
    text: &str,
    placeholders: &mut Placeholders<'_>,
    grammar: impl FnOnce(&mut Parser<'_, '_>) -> Result<T, String>,
) -> Result<T, Refusal> {
    let parse = || {
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
            placeholders,
        };
        let parsed = grammar(&mut parser)?;
        if parser.peek().is_some() {
            Err(parser.unexpected())
        } else {
            Ok(parsed)
        }
    };
    parse().map_err(|why| Refusal::invalid(format!("Invalid {kind}: {why}")))
}

impl<'p> Parser<'p, '_> {
    /// The token that comes next.
    pub(super) fn peek(&self) -> Option<Token<'p>> {
        self.tokens.get(self.next).copied()
    }

    /// The token after that.
    pub(super) fn peek_second(&self) -> Option<Token<'p>> {
        self.tokens.get(self.next + 1).copied()
    }

    /// Whether that sign comes next.
    pub(super) fn at_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if found == sign)
    }

    /// Takes a sign, if it comes next.
    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.at_sign(sign);
        self.next += usize::from(found);
        found
    }

    /// Takes a keyword, if it comes next.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_keyword(keyword));
        self.next += usize::from(found);
        found
    }

    /// Takes a sign that has to come next.
    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Takes a keyword that has to come next.
    pub(super) fn expect_keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.take_keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Takes the name of a function and its parenthesis, if they come next.
    pub(super) fn take_function(&mut self) -> Option<&'p str> {
        let Some(Token::Word(name)) = self.peek() else {
            return None;
        };
        if !matches!(self.peek_second(), Some(Token::Sign("("))) {
            return None;
        }
        self.next += 2;
        Some(name)
    }

    /// The rest of a function, whose name and parenthesis were taken.
    pub(super) fn arguments<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut arguments = vec![one(self)?];
        while self.take_sign(",") {
            arguments.push(one(self)?);
        }
        self.expect_sign(")")?;
        Ok(arguments)
    }

    /// A value or a path.
    pub(super) fn operand(&mut self) -> Result<Operand, String> {
        if let Some(Token::Value(placeholder)) = self.peek() {
            self.next += 1;
            return self.placeholders.value(placeholder).map(Operand::Value);
        }
        if let (Some(Token::Word(function)), Some(Token::Sign("("))) = (self.peek(), self.peek_second()) {
            return Err(no_model(&format!("the function `{function}` as an operand")));
        }
        self.path().map(Operand::Path)
    }

    /// An attribute's name, as itself or by a placeholder.
    pub(super) fn path(&mut self) -> Result<String, String> {
        let name = match self.peek() {
            Some(Token::Name(placeholder)) => self.placeholders.name(placeholder)?,
            Some(Token::Word(word)) if is_reserved(word) => {
                return Err(format!(
                    "Attribute name is a reserved keyword; reserved keyword: {word}"
                ));
            }
            Some(Token::Word(word)) => word.to_owned(),
            Some(Token::Value(_) | Token::Sign(_)) | None => return Err(self.unexpected()),
        };
        self.next += 1;
        match self.peek() {
            Some(Token::Sign("." | "[")) => {
                Err(no_model(&format!("the nested path that begins with `{name}`")))
            }
            _ => Ok(name),
        }
    }

    /// Reads something that may hold itself.
    pub(super) fn nested<T>(
        &mut self,
        grammar: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.depth == DEEPEST {
            return Err(no_model(&format!(
                "an expression that is nested more than {DEEPEST} deep"
            )));
        }
        self.depth += 1;
        let parsed = grammar(self);
        self.depth -= 1;
        parsed
    }

    /// That the token that comes next should not.
    pub(super) fn unexpected(&self) -> String {
        let before = self.next.saturating_sub(1);
        let near = self
            .tokens
            .iter()
            .skip(before)
            .take(3)
            .map(|token| token.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        syntax_error(self.peek().map_or("<EOF>", Token::as_str), &near)
    }
}

/// Words for what DynamoDB may accept and this parser does not know.
pub(super) fn no_model(construct: &str) -> String {
    format!("the embedded table has no model for {construct}")
}
