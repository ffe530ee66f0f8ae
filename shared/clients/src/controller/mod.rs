//! Barrier controllers that take commands. One narrow trait; one client a dialect.
//!
//! A controller stands in the lot's own network and is reached at an address that an operator configured. So what may
//! be called is decided here by [`AllowedNetworks`], before a password leaves the house.

mod address;
mod amano;
#[cfg(test)]
mod amano_tests;

use async_trait::async_trait;
use baro_domain::{
    BarrierController, ControllerDialect,
    command::{Command, Refusal, Report, Step},
};
use serde::Deserialize;

pub use address::{AllowedNetworks, NetworkError};
pub use amano::Amano;

use crate::{HttpClient, Secret};

/// User and password at a controller: what its secret holds.
#[derive(Debug, Clone, Deserialize)]
pub struct ControllerLogin {
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
}

/// Carries out steps of commands at one lot's controller.
#[async_trait]
pub trait LotController: Send + Sync {
    /// Calls one step of a command and says what came of it. Makes one call and repeats nothing.
    async fn call(&self, command: &Command, step: Step) -> Report;
}

/// The client of a configured controller. Errors: why it must not be called.
pub fn client(
    http: &HttpClient,
    networks: &AllowedNetworks,
    controller: &BarrierController,
    login: ControllerLogin,
) -> Result<Box<dyn LotController>, Refusal> {
    let base_url = networks.base_url(&controller.address).ok_or(Refusal::Address)?;
    match controller.dialect {
        ControllerDialect::Amano => {
            Ok(Box::new(Amano::new(http.clone(), base_url, controller.clone(), login)))
        }
    }
}
