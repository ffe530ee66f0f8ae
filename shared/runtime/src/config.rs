//! Configuration, read from the environment once at start. Nothing else in the workspace looks at the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A snapshot of the environment, taken at start.
#[derive(Clone, Default)]
pub struct Config {
    values: BTreeMap<String, String>,
}

/// Why a setting can't be used. The value itself is never part of the text: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is absent or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable is there but doesn't parse.
    #[error("environment variable {name} is not a {wanted}: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// The type it should be.
        wanted: &'static str,
        /// What the parser said.
        reason: String,
    },
}

impl Config {
    /// Takes the environment as it is now. Variables that are not UTF-8 are left out, as no setting of ours can be one.
    pub fn from_env() -> Self {
        let values = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { values }
    }

    /// A configuration made of these pairs alone, for tests and for the local cloud.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { values: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// The value of a variable; absent and empty are the same, as CloudFormation can't leave a variable out.
    pub fn optional(&self, name: &'static str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, ConfigError> {
        self.optional(name).ok_or(ConfigError::Missing(name))
    }

    /// The parsed value of a variable that must be there.
    pub fn parsed<T>(&self, name: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        parse(name, self.required(name)?)
    }

    /// The parsed value of a variable, or `default` where it is absent or empty. A value that doesn't parse is an error, never the default.
    pub fn parsed_or<T>(&self, name: &'static str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.optional(name).map_or(Ok(default), |value| parse(name, value))
    }
}

fn parse<T>(name: &'static str, value: &str) -> Result<T, ConfigError>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    value.parse().map_err(|reason: T::Err| ConfigError::Invalid {
        name,
        wanted: std::any::type_name::<T>(),
        reason: reason.to_string(),
    })
}

/// Names only: the environment of a function holds its credentials.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let config = Config::from_pairs([("RAW_BUCKET", "raw"), ("AWS_ENDPOINT_URL", "")]);
        assert_eq!(config.required("RAW_BUCKET"), Ok("raw"));
        assert_eq!(
            config.required("PARKING_TABLE").unwrap_err().to_string(),
            "environment variable PARKING_TABLE is not set"
        );
        assert_eq!(config.optional("AWS_ENDPOINT_URL"), None, "empty is the same as absent");
    }

    #[test]
    fn a_value_that_does_not_parse_is_never_replaced_by_the_default() {
        let config = Config::from_pairs([("LIMIT", "ten")]);
        let error = config.parsed_or::<u32>("LIMIT", 10).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable LIMIT is not a u32: invalid digit found in string"
        );
        assert_eq!(config.parsed_or::<u32>("OTHER", 10), Ok(10));
        assert_eq!(config.parsed::<u32>("OTHER"), Err(ConfigError::Missing("OTHER")));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let config = Config::from_pairs([("AWS_SECRET_ACCESS_KEY", "hunter2")]);
        assert_eq!(format!("{config:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }
}
