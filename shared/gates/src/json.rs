//! Reading vendors' JSON: field names in any case, numbers sent as text and the reverse, and a path for the error.

use serde_json::Value;

use crate::text::{decode_body, media_type};
use crate::{AdaptError, AdaptErrorKind, GateRequest};

/// The body as JSON. Controllers label it as they like (one sends its batch as a form), so only a label that is
/// certainly something else is refused.
pub(crate) fn parse(request: &GateRequest<'_>) -> Result<Value, AdaptError> {
    let media = request.content_type.map(media_type).unwrap_or_default();
    let foreign = ["image/", "audio/", "video/", "multipart/"].iter().any(|family| media.starts_with(family));
    if foreign || media.ends_with("xml") || media == "text/html" {
        return Err(AdaptError::new(AdaptErrorKind::UnsupportedContentType));
    }
    from_text(&decode_body(request))
}

/// Text as JSON.
pub(crate) fn from_text(text: &str) -> Result<Value, AdaptError> {
    serde_json::from_str(text).map_err(|_| AdaptError::new(AdaptErrorKind::MalformedJson))
}

/// A value and where it stands in the body.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The body itself.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// Where it stands: `data[2].car_number`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value.
    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// The path of a field of this node.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The first of the named fields that is there and not null; exact case first, then any.
    pub(crate) fn get(&self, names: &[&str]) -> Option<Node<'a>> {
        let object = self.value.as_object()?;
        let exact =
            names.iter().find_map(|name| object.get(*name).filter(|v| !v.is_null()).map(|v| (*name, v)));
        let (name, value) = exact.or_else(|| {
            names.iter().find_map(|name| {
                let same =
                    |(key, value): &(&String, &Value)| key.eq_ignore_ascii_case(name) && !value.is_null();
                object.iter().find(same).map(|(_, value)| (*name, value))
            })
        })?;
        Some(Node { value, path: self.path_of(name) })
    }

    /// A required field.
    pub(crate) fn require(&self, names: &[&str]) -> Result<Node<'a>, AdaptError> {
        self.get(names).ok_or_else(|| self.missing(names))
    }

    /// The error that a field is missing.
    pub(crate) fn missing(&self, names: &[&str]) -> AdaptError {
        AdaptError::at(AdaptErrorKind::MissingField, self.path_of(names.first().unwrap_or(&"")))
    }

    /// A scalar as trimmed text; `None` for objects, arrays and empty text.
    pub(crate) fn scalar(&self) -> Option<String> {
        let text = match self.value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A field as text, if it is there and not empty.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        self.get(names)?.scalar()
    }

    /// A required field as text, and its path.
    pub(crate) fn require_text(&self, names: &[&str]) -> Result<(String, String), AdaptError> {
        let node = self.require(names)?;
        let text = node.scalar().ok_or_else(|| self.missing(names))?;
        Ok((text, node.path))
    }

    /// The elements of an array.
    pub(crate) fn items(&self) -> Option<Vec<Node<'a>>> {
        let items = self.value.as_array()?;
        let item = |(index, value)| Node { value, path: format!("{}[{index}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The elements of an array, or the value alone.
    pub(crate) fn items_or_self(&self) -> Vec<Node<'a>> {
        self.items().unwrap_or_else(|| vec![self.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_case_and_null_is_absent() {
        let body = serde_json::json!({"lprid": 3, "LPRID": null, "data": [{"car_number": " 12가3456 "}]});
        let root = Node::root(&body);
        assert_eq!(root.text(&["lprID"]).as_deref(), Some("3"));
        let entry = root.get(&["data"]).unwrap().items().unwrap().remove(0);
        assert_eq!(
            entry.require_text(&["car_number"]).unwrap(),
            ("12가3456".into(), "data[0].car_number".into())
        );
        assert_eq!(entry.require_text(&["date_time"]).unwrap_err().field(), Some("data[0].date_time"));
    }

    #[test]
    fn a_label_that_is_certainly_not_json_is_refused() {
        let code = |content_type| {
            parse(&GateRequest { path_hint: None, content_type, charset: None, body: b"{}" })
                .err()
                .map(|e| e.code())
        };
        for label in
            [None, Some("application/json"), Some("text/plain"), Some("application/x-www-form-urlencoded")]
        {
            assert_eq!(code(label), None, "{label:?}");
        }
        for label in ["image/jpeg", "application/xml", "multipart/form-data; boundary=x", "text/html"] {
            assert_eq!(code(Some(label)), Some("unsupported-content-type"), "{label}");
        }
    }
}
