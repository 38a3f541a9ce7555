//! How a state reads and shapes JSON: JSONata expressions, JSONPath references, and templates that hold either.

pub(crate) mod intrinsic;
pub(crate) mod jsonata;
pub(crate) mod jsonpath;
pub(crate) mod reference;
pub(crate) mod template;

pub(crate) use jsonata::Expression;
pub(crate) use reference::Reference;
pub(crate) use template::Template;
