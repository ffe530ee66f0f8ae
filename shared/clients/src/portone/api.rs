//! Which of PortOne's contracts a merchant has.

/// A contract, as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortOneApi {
    /// `V2`: the one of today.
    V2,
    /// `V1`: i'mport's, still live with many merchants.
    V1,
}

/// The contract is neither `V2` nor `V1`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no API of PortOne: V2 or V1")]
pub struct UnknownApi(String);

impl std::str::FromStr for PortOneApi {
    type Err = UnknownApi;

    fn from_str(text: &str) -> Result<Self, UnknownApi> {
        match text {
            "V2" => Ok(Self::V2),
            "V1" => Ok(Self::V1),
            other => Err(UnknownApi(other.to_owned())),
        }
    }
}
