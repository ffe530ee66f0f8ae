//! 사업자등록번호: the number that a business is registered under at the tax office.

use serde::{Deserialize, Serialize};

/// Weights of the first nine digits (the National Tax Service's check; see the vectors in the tests).
const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];

/// A business number whose check digit is right: ten digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BusinessNumber(String);

/// The text is no business number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBusinessNumber {
    /// Not ten digits, hyphens and spaces apart.
    #[error("a business number has ten digits")]
    Digits,
    /// A digit is mistyped.
    #[error("the business number's check digit is wrong")]
    CheckDigit,
}

impl BusinessNumber {
    /// Takes a number as people write it: `120-81-47521` or `1208147521`.
    pub fn parse(text: &str) -> Result<Self, InvalidBusinessNumber> {
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let values: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(10)).collect();
        let values = values.filter(|values| values.len() == 10).ok_or(InvalidBusinessNumber::Digits)?;
        let (nine, check) = values.split_at(9);
        let sum: u32 = nine.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        let tens_of_last = nine.last().map_or(0, |last| last * 5 / 10);
        let wanted = (10 - (sum + tens_of_last) % 10) % 10;
        if check == [wanted] { Ok(Self(digits)) } else { Err(InvalidBusinessNumber::CheckDigit) }
    }

    /// Ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BusinessNumber {
    type Error = InvalidBusinessNumber;
    fn try_from(text: String) -> Result<Self, InvalidBusinessNumber> {
        Self::parse(&text)
    }
}

impl From<BusinessNumber> for String {
    fn from(number: BusinessNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_business_number_is_refused() {
        for valid in ["1208147521", "1248100998", "2208162517", "120-81-47521", "220 81 62517"] {
            assert!(BusinessNumber::parse(valid).is_ok(), "{valid}");
        }
        assert_eq!(BusinessNumber::parse("1208147522"), Err(InvalidBusinessNumber::CheckDigit));
        for wrong in ["", "120814752", "12081475210", "12081475a1", "１２０８１４７５２１"] {
            assert_eq!(BusinessNumber::parse(wrong), Err(InvalidBusinessNumber::Digits), "{wrong}");
        }
    }

    #[test]
    fn one_digit_mistyped_never_passes() {
        let valid = "1208147521";
        for place in 0..10 {
            for digit in "0123456789".chars().filter(|digit| !valid[place..].starts_with(*digit)) {
                let typed = format!("{}{digit}{}", &valid[..place], &valid[place + 1..]);
                assert!(BusinessNumber::parse(&typed).is_err(), "{typed}");
            }
        }
    }

    #[test]
    fn a_stored_number_is_checked_again() {
        assert!(serde_json::from_str::<BusinessNumber>("\"1208147522\"").is_err());
        let number: BusinessNumber = serde_json::from_str("\"1208147521\"").unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), "\"1208147521\"");
    }
}
