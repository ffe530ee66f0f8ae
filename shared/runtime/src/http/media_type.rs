//! `Content-Type`, as far as it is needed to choose an adapter: essence and parameters.

/// A parsed media type; the essence and parameter names are lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads `type/subtype; name=value; name="quoted value"` (RFC 9110, 8.3.1); `None` where it isn't one.
    pub fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = match text.split_once(';') {
            Some((essence, rest)) => (essence, rest),
            None => (text, ""),
        };
        let essence = essence.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let mut parameters = Vec::new();
        while !rest.trim().is_empty() {
            let (parameter, after) = next_parameter(rest)?;
            parameters.extend(parameter);
            rest = after;
        }
        Some(Self { essence, parameters })
    }

    /// `application/json`, without parameters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The first parameter of that (lower-case) name: `boundary`, `charset`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `application/json` or anything `+json`.
    pub fn is_json(&self) -> bool {
        self.essence == "application/json" || self.essence.ends_with("+json")
    }

    /// `application/xml`, `text/xml` or anything `+xml`.
    pub fn is_xml(&self) -> bool {
        matches!(self.essence.as_str(), "application/xml" | "text/xml") || self.essence.ends_with("+xml")
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
}

type Parameter = (String, String);

/// One parameter and what follows it; an empty parameter (`;;`) is allowed and gives `None`.
fn next_parameter(text: &str) -> Option<(Option<Parameter>, &str)> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix(';') {
        return Some((None, rest));
    }
    let (name, value) = text.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    if !is_token(&name) {
        return None;
    }
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = unquote(quoted)?;
        let rest = rest.trim_start();
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(';')? };
        return Some((Some((name, value)), rest));
    }
    let (value, rest) = value.split_once(';').unwrap_or((value, ""));
    // Cameras send boundaries with characters that a token must not have, unquoted; only control characters and spaces are refused.
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|c| c.is_ascii_graphic()) {
        return None;
    }
    Some((Some((name, value.to_owned())), rest))
}

/// Reads to the closing quote; a backslash takes the next character as it is.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn essence_and_parameters_are_read() {
        let plain = MediaType::parse("Application/JSON; charset=UTF-8").unwrap();
        assert_eq!((plain.essence(), plain.parameter("charset")), ("application/json", Some("UTF-8")));
        assert!(plain.is_json());
        let multipart = MediaType::parse(r#"multipart/form-data; boundary="a \"b;c"; x=1"#).unwrap();
        assert_eq!(multipart.parameter("boundary"), Some(r#"a "b;c"#));
        assert_eq!(multipart.parameter("x"), Some("1"));
        assert!(MediaType::parse("application/problem+json;").unwrap().is_json());
        assert!(MediaType::parse("text/xml").unwrap().is_xml());
    }

    #[test]
    fn a_boundary_of_a_camera_is_taken_unquoted() {
        let camera = MediaType::parse("multipart/form-data;boundary=---:frame(1)=").unwrap();
        assert_eq!(camera.parameter("boundary"), Some("---:frame(1)="));
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in [
            "",
            "json",
            "/json",
            "a/b/c d",
            "text/plain; charset",
            "text/plain; a=\"b",
            "text/plain; a=\"b\"c",
            "a/b; =x",
        ] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }
}
