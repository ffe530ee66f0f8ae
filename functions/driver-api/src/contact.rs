//! How a driver wants to be told, in the body of a payment's start or of a dispute. Checked here, kept with what it came
//! with, never shown again.

use baro_domain::notice::{self, Contact};
use baro_runtime::{Problem, http::Language};
use lambda_http::Request;
use serde::Deserialize;

use crate::codes::INVALID_CONTACT;

/// A body that may hold a contact, and little else.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024;
/// Firebase promises no length; tokens of today have about 160 characters.
const MAX_PUSH_TOKEN_BYTES: usize = 4_096;

/// How a driver wants to be told. Used for this payment or dispute alone; never part of an answer.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Contact))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AskedContact {
    /// Korean mobile number: `010-1234-5678`, `+82 10 1234 5678`.
    phone: Option<String>,
    /// Firebase registration token.
    push_token: Option<String>,
    /// `ko` or `en`; absent: that of the request.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    language: Option<notice::Language>,
}

/// Personal data: only what is there.
impl std::fmt::Debug for AskedContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskedContact")
            .field("phone", &self.phone.is_some())
            .field("push_token", &self.push_token.is_some())
            .field("language", &self.language)
            .finish()
    }
}

/// The contact that was asked for; nobody where none was, or one without an address.
pub(crate) fn contact_of(asked: Option<AskedContact>, request: &Request) -> Result<Contact, Problem> {
    let asked = asked.unwrap_or_default();
    let phone = asked.phone.filter(|text| !text.trim().is_empty());
    let phone = phone
        .map(|text| mobile_number(&text).ok_or_else(|| refused("phone", "it is not a Korean mobile number")))
        .transpose()?;
    let push_token = asked.push_token.filter(|token| !token.is_empty());
    if push_token.as_ref().is_some_and(|token| {
        token.len() > MAX_PUSH_TOKEN_BYTES || !token.bytes().all(|c| c.is_ascii_graphic())
    }) {
        return Err(refused("pushToken", "it is not a registration token"));
    }
    let spoken = match Language::of(request.headers()) {
        Language::Ko => notice::Language::Ko,
        Language::En => notice::Language::En,
    };
    let contact = Contact { push_token, phone, language: asked.language.unwrap_or(spoken) };
    Ok(if contact.is_empty() { Contact::default() } else { contact })
}

fn refused(member: &str, why: &str) -> Problem {
    let pointer = format!("#/contact/{member}");
    INVALID_CONTACT.problem().detail(format!("{member} can't be used: {why}")).with("pointer", pointer)
}

/// Digits only, with the leading zero: 010 and seven or eight digits, or an old prefix (011, 016–019).
fn mobile_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let digits = match digits.strip_prefix("+82") {
        Some(rest) => format!("0{}", rest.trim_start_matches('0')),
        None => digits,
    };
    let known = ["010", "011", "016", "017", "018", "019"].iter().any(|prefix| digits.starts_with(prefix));
    (known && matches!(digits.len(), 10 | 11) && digits.bytes().all(|c| c.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_is_taken_as_people_write_it() {
        for text in ["01012345678", "010-1234-5678", "+82 10-1234-5678", "+82 010 1234 5678", "010.1234.5678"]
        {
            assert_eq!(mobile_number(text).as_deref(), Some("01012345678"), "{text}");
        }
        for text in ["", "02-123-4567", "010-1234", "+1 415 555 0100", "010-1234-56789", "０１０12345678"]
        {
            assert_eq!(mobile_number(text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_contact() {
        let asked = AskedContact { phone: Some("01012345678".into()), ..AskedContact::default() };
        assert!(!format!("{asked:?}").contains("5678"));
    }
}
