//! Logs: one JSON object a line on standard output, as CloudWatch and Lambda's JSON logging read them.
//!
//! Plates, phone numbers, bodies and secrets stay out of logs. A phone number goes in as [`Masked`]; a plate has its own `masked()` in the domain.

use crate::config::{Config, ConfigError};
use std::fmt;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt as _;

/// Starts logging at the level named by `BARO_LOG` (default `info`) and sends panics to the log as one line.
/// A second call changes nothing, so tests may call it freely.
pub fn init(config: &Config) -> Result<(), ConfigError> {
    let level = config.parsed_or("BARO_LOG", LevelFilter::INFO)?;
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_ansi(false)
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(true);
    let wanted =
        FilterFn::new(move |meta| is_wanted(level, meta.target(), *meta.level())).with_max_level_hint(level);
    let subscriber = tracing_subscriber::registry().with(wanted).with(lines);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        log_panics();
    }
    Ok(())
}

/// Our crates speak at the configured level. Others only from `warn` on, as the SDK's debug lines carry request bodies, with plates in them;
/// the runtime's `info` span stays since it holds the request id.
fn is_wanted(limit: LevelFilter, target: &str, level: Level) -> bool {
    if level > limit {
        return false;
    }
    let ours = target.starts_with("baro");
    let request_span = target.starts_with("lambda_runtime") && level <= Level::INFO;
    ours || request_span || level <= Level::WARN
}

/// A panic is one line with its place, instead of several unstructured lines on standard error.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("a panic without text");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "baro_runtime::panic", location, "panicked: {message}");
    }));
}

/// A phone number (or anything else personal) of which a log may show the last four characters, and only where those are less than half of it.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        f.write_str("***")?;
        let count = self.0.chars().count();
        if count > 2 * SHOWN {
            for c in self.0.chars().skip(count - SHOWN) {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_shows_its_last_four_digits_only() {
        assert_eq!(Masked("01012345678").to_string(), "***5678");
        assert_eq!(format!("{:?}", Masked("+821012345678")), "***5678");
        assert_eq!(Masked("12345678").to_string(), "***", "half of it would be too much");
        assert_eq!(Masked("").to_string(), "***");
    }

    #[test]
    fn other_crates_are_quiet_but_for_warnings_and_the_request_span() {
        let debug = LevelFilter::DEBUG;
        assert!(is_wanted(debug, "baro_store::parking", Level::DEBUG));
        assert!(!is_wanted(debug, "aws_smithy_runtime::client", Level::DEBUG));
        assert!(is_wanted(debug, "lambda_runtime::layers::trace", Level::INFO));
        assert!(!is_wanted(debug, "lambda_runtime::layers", Level::DEBUG));
        assert!(is_wanted(debug, "hyper", Level::WARN));
        assert!(!is_wanted(LevelFilter::ERROR, "baro_store", Level::WARN));
    }

    #[test]
    fn an_unknown_level_is_an_error_that_names_the_variable() {
        let error = init(&Config::from_pairs([("BARO_LOG", "loud")])).unwrap_err();
        assert!(error.to_string().starts_with("environment variable BARO_LOG is not a"), "{error}");
    }
}
