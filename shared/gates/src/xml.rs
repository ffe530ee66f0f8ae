//! Reading cameras' XML into a small tree. Namespaces and prefixes vary by firmware, so only local names count; document
//! types and entities of their own are refused, and depth and size are bounded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::{AdaptError, AdaptErrorKind};

/// The largest document read. An alert has a few kilobytes.
pub(crate) const MAX_XML_BYTES: usize = 256 * 1024;
const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 4_000;

/// An element: its local name, the text directly in it, the elements in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn named(start: &BytesStart<'_>) -> Self {
        Self { name: start.local_name().as_ref().to_owned(), ..Self::default() }
    }

    /// The first child with this name, in any case.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// The text of the first named child that has any, trimmed.
    pub(crate) fn text_of(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .filter_map(|name| self.child(name))
            .map(|child| child.text.trim())
            .find(|text| !text.is_empty())
    }
}

fn malformed() -> AdaptError {
    AdaptError::new(AdaptErrorKind::MalformedXml)
}

/// The root element.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, AdaptError> {
    if bytes.len() > MAX_XML_BYTES {
        return Err(malformed());
    }
    let text = crate::text::decode(bytes, declared_encoding(bytes));
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0_usize;
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(start) => {
                elements += 1;
                if root.is_some() || open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(malformed());
                }
                open.push(Element::named(&start));
            }
            Event::Empty(start) => {
                elements += 1;
                if root.is_some() || elements > MAX_ELEMENTS {
                    return Err(malformed());
                }
                close(Element::named(&start), &mut open, &mut root);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(malformed)?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => append(&mut open, &text.xml10_content())?,
            Event::CData(text) => append(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let named = match reference.as_ref() {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "apos" => Some('\''),
                    "quot" => Some('"'),
                    _ => None,
                };
                let c = named
                    .map_or_else(|| reference.resolve_char_ref().ok().flatten(), Some)
                    .ok_or_else(malformed)?;
                append(&mut open, c.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err(malformed()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or_else(malformed) } else { Err(malformed()) }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn append(open: &mut [Element], text: &str) -> Result<(), AdaptError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed()),
    }
    Ok(())
}

/// The encoding named in the XML declaration, which is ASCII in all encodings that cameras use.
fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let head = bytes.get(..bytes.len().min(120))?;
    let head = head.split_inclusive(|byte| *byte == b'>').next()?;
    let declaration = std::str::from_utf8(head).ok()?;
    let rest = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_namespaces_are_irrelevant() {
        let bare = parse(b"<A><b>1</b><C/></A>").unwrap();
        let prefixed =
            parse(br#"<?xml version="1.0"?><n:A xmlns:n="urn:x"><n:b>1</n:b><n:C/></n:A>"#).unwrap();
        assert_eq!(bare, prefixed);
        assert_eq!(bare.text_of(&["B"]), Some("1"));
    }

    #[test]
    fn text_is_unescaped_and_joined() {
        let element = parse(b"<A><b>x&amp;&#x41;<![CDATA[<y>]]><!-- no --></b></A>").unwrap();
        assert_eq!(element.text_of(&["b"]), Some("x&A<y>"));
    }

    #[test]
    fn korean_is_read_by_the_declared_encoding_and_without_one() {
        for head in ["<?xml version=\"1.0\" encoding=\"EUC-KR\"?>", ""] {
            let (bytes, _, _) = encoding_rs::EUC_KR.encode("<A><b>12가3456</b></A>");
            let body = [head.as_bytes(), &bytes].concat();
            assert_eq!(parse(&body).unwrap().text_of(&["b"]), Some("12가3456"), "{head}");
        }
    }

    #[test]
    fn what_no_camera_sends_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS + 1));
        let large = format!("<a>{}</a>", "x".repeat(MAX_XML_BYTES));
        for text in [
            "",
            "plain",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>tail",
            "<a>&unknown;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM \"http://x/\"><a/>",
            &deep,
            &wide,
            &large,
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().code(), "malformed-xml", "{text:.40}");
        }
    }
}
