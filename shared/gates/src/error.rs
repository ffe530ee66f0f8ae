//! Why a gate's report could not be read: a stable code, a sentence, where in the body. Never what the body said, since
//! that may be a plate.

/// What is wrong. [`AdaptErrorKind::code`] is part of the HTTP interface: a code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AdaptErrorKind {
    /// Not JSON.
    #[error("the body is not JSON")]
    MalformedJson,
    /// Not XML, or XML beyond what a camera sends: a document type, foreign entities, too deep, too large.
    #[error("the body is not XML as a camera sends it")]
    MalformedXml,
    /// Not multipart, or cut off before the report.
    #[error("the body is not multipart/form-data")]
    MalformedMultipart,
    /// A content type that the gate's dialect never has.
    #[error("the content type does not belong to the gate's dialect")]
    UnsupportedContentType,
    /// A field that the dialect requires is absent or empty.
    #[error("a required field is missing")]
    MissingField,
    /// A field has a value that its dialect does not know.
    #[error("a field has a value that the dialect does not know")]
    InvalidField,
    /// No lane of the gate has the vendor's code.
    #[error("no lane of the gate has this code")]
    UnknownLane,
    /// The lane goes both ways and the report does not say which.
    #[error("the lane goes both ways and the report does not say which")]
    UnknownDirection,
    /// A time in no known form.
    #[error("the time is in no known form")]
    UnparseableTime,
    /// Kept while the gate was offline, and more than [`crate::MAX_AHEAD`] after it was received.
    #[error("the time lies in the future")]
    ObservedInFuture,
    /// More than [`crate::MAX_AGE`] before it was received.
    #[error("the time lies more than 30 days back")]
    ObservedTooOld,
    /// Our own configuration: the gate's zone is not an IANA name.
    #[error("the gate's time zone is unknown")]
    UnknownTimeZone,
    /// A backlog that is neither an array nor the vendor's own batch.
    #[error("the body is not a batch of events")]
    NotABatch,
    /// More than [`crate::MAX_BATCH_ENTRIES`].
    #[error("the batch has more than 1,000 events")]
    TooManyEntries,
}

impl AdaptErrorKind {
    /// Every kind, for the list in `infra/docs/errors.md`.
    pub const ALL: [Self; 14] = [
        Self::MalformedJson,
        Self::MalformedXml,
        Self::MalformedMultipart,
        Self::UnsupportedContentType,
        Self::MissingField,
        Self::InvalidField,
        Self::UnknownLane,
        Self::UnknownDirection,
        Self::UnparseableTime,
        Self::ObservedInFuture,
        Self::ObservedTooOld,
        Self::UnknownTimeZone,
        Self::NotABatch,
        Self::TooManyEntries,
    ];

    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed-json",
            Self::MalformedXml => "malformed-xml",
            Self::MalformedMultipart => "malformed-multipart",
            Self::UnsupportedContentType => "unsupported-content-type",
            Self::MissingField => "missing-field",
            Self::InvalidField => "invalid-field",
            Self::UnknownLane => "unknown-lane",
            Self::UnknownDirection => "unknown-direction",
            Self::UnparseableTime => "unparseable-time",
            Self::ObservedInFuture => "observed-in-future",
            Self::ObservedTooOld => "observed-too-old",
            Self::UnknownTimeZone => "unknown-time-zone",
            Self::NotABatch => "not-a-batch",
            Self::TooManyEntries => "too-many-entries",
        }
    }
}

/// Why a report, or one event of a batch, could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptError {
    kind: AdaptErrorKind,
    field: Option<String>,
}

impl AdaptError {
    /// An error of the body as a whole.
    pub(crate) fn new(kind: AdaptErrorKind) -> Self {
        Self { kind, field: None }
    }

    /// An error at a place in the body.
    pub(crate) fn at(kind: AdaptErrorKind, path: impl Into<String>) -> Self {
        let path = path.into();
        Self { kind, field: (!path.is_empty()).then_some(path) }
    }

    /// What is wrong.
    pub fn kind(&self) -> AdaptErrorKind {
        self.kind
    }

    /// The stable kebab-case code.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Where: names of the dialect and indices (`data[3].date_time`), never a value.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl std::fmt::Display for AdaptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{} ({field})", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for AdaptError {}
