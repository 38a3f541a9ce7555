//! The words of an expression.

/// The longest expression (Developer Guide, "Quotas", expression parameters).
const LONGEST: usize = 4 * 1024;

/// A word, or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// An attribute's name, a function's, or a keyword: they are told apart by where they stand.
    Word(&'t str),
    /// `#name`
    Name(&'t str),
    /// `:value`
    Value(&'t str),
    /// `(`, `)`, `,`, `+`, `-`, `.`, `[`, `]`, `=`, `<>`, `<`, `<=`, `>`, `>=`
    Sign(&'static str),
}

impl<'t> Token<'t> {
    /// The token as it stood in the text.
    pub(super) const fn as_str(self) -> &'t str {
        match self {
            Self::Word(text) | Self::Name(text) | Self::Value(text) => text,
            Self::Sign(sign) => sign,
        }
    }

    /// Whether it is that keyword, in whatever case.
    pub(super) fn is_keyword(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 14] = [
    "<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", ".", "[", "]",
];

/// Takes an expression apart.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    if text.len() > LONGEST {
        return Err(format!(
            "Expression size has exceeded the maximum allowed size; expression size: {}",
            text.len()
        ));
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(first) = rest.chars().next() {
        let length = if is_part(first) || first == '#' || first == ':' {
            let tail = &rest[1..];
            let length = 1 + tail.find(|c| !is_part(c)).unwrap_or(tail.len());
            let text = &rest[..length];
            // A number is an index of a list, or nothing: names begin with a letter.
            let is_stray = first.is_ascii_digit() && tokens.last() != Some(&Token::Sign("["));
            if is_stray || matches!(text, "#" | ":") {
                return Err(syntax_error(text, rest));
            }
            tokens.push(match first {
                '#' => Token::Name(text),
                ':' => Token::Value(text),
                _ => Token::Word(text),
            });
            length
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(syntax_error(&first.to_string(), rest));
        };
        rest = rest[length..].trim_start_matches(is_blank);
    }
    if tokens.is_empty() {
        return Err("The expression can not be empty;".to_owned());
    }
    Ok(tokens)
}

/// As DynamoDB puts it.
pub(super) fn syntax_error(token: &str, near: &str) -> String {
    let near: String = near.chars().take(40).collect();
    format!("Syntax error; token: \"{token}\", near: \"{near}\"")
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_expression_comes_apart_with_and_without_blanks() {
        let tight = tokens("a<=:b AND NOT(#c<>d)").expect("valid");
        assert_eq!(tight, tokens(" a  <= :b\nAND NOT ( #c <> d ) ").expect("valid"));
        let words: Vec<&str> = tight.into_iter().map(Token::as_str).collect();
        assert_eq!(words, ["a", "<=", ":b", "AND", "NOT", "(", "#c", "<>", "d", ")"]);
    }

    #[test]
    fn what_is_no_word_is_named() {
        for (text, token) in [
            ("a = 'b'", "'"),
            ("a = :", ":"),
            ("# = :a", "#"),
            ("a = 1", "1"),
            ("é = :a", "é"),
        ] {
            let error = tokens(text).expect_err(text);
            assert!(
                error.starts_with(&format!("Syntax error; token: \"{token}\"")),
                "{error}"
            );
        }
        assert_eq!(tokens(" \n"), Err("The expression can not be empty;".to_owned()));
        tokens(&"a".repeat(4097)).expect_err("too long");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,200}") {
            let _ = tokens(&text);
        }
    }
}
