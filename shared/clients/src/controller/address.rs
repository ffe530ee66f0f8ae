//! Which addresses of controllers may be called.
//!
//! The address comes from the Directory, which people write. Left unchecked it would let them send a controller's
//! password, and our function's requests, anywhere: to the function's own runtime on the loopback, to the metadata
//! service, to another company. So an address is an IP address (a name could change what it means after the check)
//! inside a network that the deployment allows.

use std::net::Ipv4Addr;
use std::str::FromStr;

use reqwest::Url;

/// IPv4 networks that controllers may be in, separated by commas: `10.0.0.0/8,192.168.0.0/16`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedNetworks(Vec<(u32, u32)>);

/// A text that is no list of networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an IPv4 network of the form 10.0.0.0/8")]
pub struct NetworkError(String);

fn network(text: &str) -> Option<(u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    (address & !mask == 0).then_some((address, mask))
}

impl FromStr for AllowedNetworks {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| network(part).ok_or_else(|| NetworkError(part.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl AllowedNetworks {
    /// The base URL behind a configured address, without a slash at its end; `None` where it must not be called.
    pub fn base_url(&self, address: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        let ip: Ipv4Addr = url.host_str()?.parse().ok()?;
        let inside = self.0.iter().any(|(network, mask)| u32::from(ip) & mask == *network);
        // Never the metadata service and its like, whatever the deployment allows.
        (plain && inside && !ip.is_link_local() && !ip.is_unspecified() && !ip.is_broadcast())
            .then(|| url.as_str().trim_end_matches('/').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private() -> AllowedNetworks {
        "10.0.0.0/8, 172.16.0.0/12,192.168.0.0/16".parse().unwrap()
    }

    #[test]
    fn a_controller_in_a_private_network_is_called() {
        for address in ["http://10.20.0.5:9948", "https://192.168.0.9:9938/", "http://172.31.255.254"] {
            assert_eq!(private().base_url(address).as_deref(), Some(address.trim_end_matches('/')));
        }
    }

    #[test]
    fn nothing_else_is() {
        for address in [
            "http://127.0.0.1:9001",
            "http://0x7f.1:9001",
            "http://169.254.169.254/",
            "http://8.8.8.8",
            "http://172.32.0.1",
            "http://localhost:9948",
            "http://controller.example:9948",
            "http://[::1]:9948",
            "http://[::ffff:10.0.0.1]:9948",
            "http://user:password@10.0.0.1:9948",
            "http://10.0.0.1:9948/interop",
            "http://10.0.0.1:9948?x=1",
            "ftp://10.0.0.1",
            "10.0.0.1:9948",
            "",
        ] {
            assert_eq!(private().base_url(address), None, "{address}");
        }
    }

    #[test]
    fn the_metadata_service_is_not_called_even_where_everything_is_allowed() {
        let everything: AllowedNetworks = "0.0.0.0/0".parse().unwrap();
        assert_eq!(everything.base_url("http://169.254.169.254"), None);
        assert!(everything.base_url("http://203.0.113.7:9948").is_some());
    }

    #[test]
    fn a_text_that_is_no_network_is_told() {
        for text in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "ten/8"] {
            assert!(text.parse::<AllowedNetworks>().is_err(), "{text}");
        }
        let none: AllowedNetworks = "".parse().unwrap();
        assert_eq!(none.base_url("http://10.0.0.1"), None);
    }
}
