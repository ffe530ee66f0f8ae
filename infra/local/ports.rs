//! Which addresses the local cloud listens on. A port in use is told by its number and with the option that changes it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, bail};

/// How far the port suggested for one in use lies from it: beyond the sandboxes', which follow the front door's.
const SUGGESTED_STEP: u16 = 1_000;
/// The front door's port unless another is asked for.
pub const FRONT_PORT: u16 = 8080;
/// The emulator's port unless another is asked for.
pub const CLOUD_PORT: u16 = 4566;

/// The two addresses of a local cloud. The front door's is already held open; the emulator opens its own.
#[derive(Debug)]
pub struct Addresses {
    /// The listening socket of the front door.
    pub front: TcpListener,
    /// The port MiniStack will listen on.
    pub cloud_port: u16,
}

impl Addresses {
    /// Takes both ports; 0 means any free one. Errors: a port that is in use, with the option to change it.
    pub fn reserve(front_port: u16, cloud_port: u16) -> Result<Self> {
        let front = listen(front_port, "--port")?;
        let probe = listen(cloud_port, "--cloud-port")?;
        let cloud_port = probe.local_addr().context("the port just opened has no address")?.port();
        Ok(Self { front, cloud_port })
    }

    /// Two free ports, as tests want them.
    pub fn free() -> Result<Self> {
        Self::reserve(0, 0)
    }

    /// The address people use, such as `http://localhost:8080`.
    pub fn front_url(&self) -> String {
        let port = self.front.local_addr().map_or(0, |address| address.port());
        format!("http://localhost:{port}")
    }

    /// The emulator's own address, behind the front door.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.cloud_port)
    }
}

/// Opens a loopback port; `option` is what a person can set to choose another.
pub fn listen(port: u16, option: &str) -> Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {port} is in use by another program (another `cargo run`, perhaps); end that one or choose another port with `{option} {}`",
            port.checked_add(SUGGESTED_STEP).unwrap_or(0)
        ),
        Err(error) => Err(error)
            .with_context(|| format!("cannot listen on port {port}; choose another with `{option}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_told_with_its_number_and_the_option_to_change_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = Addresses::reserve(port, 0).unwrap_err().to_string();
        assert!(message.contains(&format!("port {port} ")), "{message}");
        assert!(
            message.contains(&format!("--port {}", port.checked_add(SUGGESTED_STEP).unwrap_or(0))),
            "{message}"
        );
    }

    #[test]
    fn free_ports_differ() {
        let addresses = Addresses::free().unwrap();
        assert_ne!(addresses.front.local_addr().unwrap().port(), addresses.cloud_port);
        assert!(addresses.front_url().starts_with("http://localhost:"));
    }
}
